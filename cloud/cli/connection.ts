import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { parseJson } from "../../agent/protocol/shapes.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { misused } from "../../agent/text/failure.js";
import { readText } from "../folder.js";
import { isSafeInTheClear } from "../setup.js";

/** `connection.json`: where a cloud is that runs on another machine. */
const Connection = v.strictObject({
  version: v.literal(1),
  url: v.pipe(v.string(), v.maxLength(512), v.url()),
  /** PEM of the authority of its certificate, beside this file. */
  caFile: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))),
});
export type Connection = v.InferOutput<typeof Connection>;

/** Undefined where the folder is a cloud's own. */
export function readConnection(dir: string): Connection | undefined {
  const path = join(dir, CONNECTION);
  if (!existsSync(path)) return undefined;
  return parseJson(Connection, readText(path), CONNECTION);
}

/** Makes the folder of an operator who is elsewhere, or renews it. */
export function writeConnection(
  dir: string,
  to: { readonly url: string; readonly ca: string | undefined },
  token: string,
): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeWhole(join(dir, "operator.token"), `${token}\n`);
  if (to.ca !== undefined) writeWhole(join(dir, CA), to.ca);
  const connection: Connection = {
    ...{ version: 1, url: to.url },
    ...(to.ca !== undefined && { caFile: CA }),
  };
  const text = `${JSON.stringify(connection, null, 2)}\n`;
  writeWhole(join(dir, CONNECTION), text);
}

/** @throws Failure where others would hear the token */
export function mustBeSafe(url: string): void {
  if (url.startsWith("https:") || isSafeInTheClear(url)) return;
  const why = "the operator's token does not cross a network in the clear";
  throw misused(`${url} is neither https nor loopback: ${why}`);
}

const CONNECTION = "connection.json";
const CA = "ca.pem";
