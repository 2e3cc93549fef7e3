import {
  ConfigShape,
  InvalidConfig,
  parseConfig,
  type Config,
} from "../agent/config/config.js";
import { namesIn } from "../agent/config/names.js";
import { misused } from "../agent/text/failure.js";
import { readFiles, type SettingsFile } from "./settings/files.js";
import { merge, type Merged } from "./settings/merge.js";

/** Where the configuration is unless a command says otherwise. */
export const DEFAULT_CONFIG_FILE = "/etc/tourniquet/config.yaml";

/** The configuration, and where it is from. */
export interface Settings extends Pick<Merged, "placeOf"> {
  readonly config: Config;
  /** As the files say it, without defaults. */
  readonly given: unknown;
  /** The one that was asked for, whether or not it is there. */
  readonly main: string;
  /** All that were read, in the order in which they count. */
  readonly files: readonly string[];
}

/**
 * Reads the configuration: its file, and those of `conf.d` beside it. The default
 * file may be absent; one that was asked for must be there.
 * @throws Failure with every problem, its path, file and line
 */
export const readConfig = (path: string | undefined): Config =>
  readSettings(path).config;

/** As `readConfig`, for who wants to know where each value is from. */
export function readSettings(path: string | undefined): Settings {
  const source = path ?? DEFAULT_CONFIG_FILE;
  return settingsIn(readFiles(source, path === undefined), source);
}

/** @throws Failure with every problem and its path */
export const configIn = (text: string, source: string): Config =>
  settingsIn([{ file: source, text }], source).config;

function settingsIn(files: readonly SettingsFile[], source: string): Settings {
  const { value, placeOf } = merge(files, namesIn(ConfigShape).sections);
  const names = files.map(({ file }) => file);
  try {
    const config = parseConfig(value, source);
    return { config, given: value, main: source, files: names, placeOf };
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    const whole =
      names.length > 1 ? `the configuration (${names.join(", ")})` : source;
    const placed = new InvalidConfig(whole, error.found, (path) => {
      const place = placeOf(path);
      return place && `${place.file}:${place.line}`;
    });
    throw misused(placed.message, placed);
  }
}
