import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";
import type { Config } from "../agent/config/config.js";
import type { Proxy } from "../agent/uplink/proxy.js";
import type { Way } from "../agent/uplink/reach.js";
import { misused } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";

/**
 * How this host reaches its cloud, by its configuration; files are read as whoever
 * calls this. @throws Failure that names the setting
 */
export const wayOf = ({ cloud }: Pick<Config, "cloud">): Way => ({
  ca: readCa(cloud.caFile),
  proxy: proxyOf(cloud),
});

function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw misused(`cloud.caFile: ${messageOf(error)}`, error);
  }
}

function proxyOf({
  proxy,
  proxyCredentialsFile: file,
}: Config["cloud"]): Proxy | undefined {
  if (proxy === undefined) return undefined;
  const credentials = file === undefined ? undefined : readCredentials(file);
  return { url: new URL(proxy), credentials };
}

/** "user:password" in one line, which strangers can neither read nor replace. */
function readCredentials(path: string): string {
  const text = readPrivate(path).replace(/\r?\n$/, "");
  if (isCredentials(text)) return text;
  throw misused(
    `${SETTING}: ${path} does not hold one line "user:password" of up to ${MOST_BYTES} bytes`,
  );
}

/** What is looked at is what is read. */
function readPrivate(path: string): string {
  const file = open(path);
  try {
    const { uid, mode } = fstatSync(file);
    if (uid !== 0 && uid !== process.geteuid?.()) {
      throw misused(
        `${SETTING}: ${path} belongs to user ${uid}; chown root ${path}`,
      );
    }
    if ((mode & 0o027) !== 0) {
      throw misused(
        `${SETTING}: ${path} may be read or written by others; chmod 640 ${path}`,
      );
    }
    const bytes = Buffer.alloc(MOST_BYTES + 3); // with a line's end, and one too many
    return bytes.toString("utf8", 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw misused(`${SETTING}: ${messageOf(error)}`, error);
  }
}

/** RFC 7617: no control characters, and a colon ends the user. */
const isCredentials = (text: string): boolean =>
  Buffer.byteLength(text) <= MOST_BYTES && /^[^:\p{Cc}]+:\P{Cc}*$/u.test(text);

const SETTING = "cloud.proxyCredentialsFile";
const MOST_BYTES = 1024;
