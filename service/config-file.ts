import { readFileSync } from "node:fs";
import { parse } from "yaml";
import {
  InvalidConfig,
  parseConfig,
  type Config,
} from "../agent/config/config.js";
import { misused } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";

/** Where the configuration is unless a command says otherwise. */
export const DEFAULT_CONFIG_FILE = "/etc/tourniquet/config.yaml";

/**
 * Reads the configuration. The default file may be absent; one that was asked
 * for must be there.
 * @throws Failure with every problem and its path
 */
export function readConfig(path: string | undefined): Config {
  const source = path ?? DEFAULT_CONFIG_FILE;
  return configIn(readText(source, path === undefined), source);
}

/** @throws Failure with every problem and its path */
export function configIn(text: string, source: string): Config {
  try {
    return parseConfig(parse(text, { maxAliasCount: 0 }), source);
  } catch (error) {
    if (error instanceof InvalidConfig) throw misused(error.message, error);
    throw misused(`${source} is not YAML: ${messageOf(error)}`, error);
  }
}

function readText(path: string, mayBeAbsent: boolean): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && mayBeAbsent) return "";
    throw misused(`cannot read the configuration: ${message}`, error);
  }
}
