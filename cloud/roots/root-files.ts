import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../agent/protocol/shapes.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { messageOf } from "../../agent/text/message.js";
import { keyFromPem, type SigningKey } from "../../agent/trust/keys.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import { BadFolder, readText, writeSecret } from "../folder.js";

/** Every root that a cloud ever had, and the one in force. */
export interface Chain {
  /** Root 1 first. */
  readonly texts: readonly SignedText[];
  readonly newest: TrustedRoot;
}

/**
 * The roots in a cloud's folder, each held against the one before it.
 * @throws BadFolder when there is none; Refused when they are no chain
 */
export function readChain(dir: string): Chain {
  const first = readRoot(dir, 1);
  const texts = [first];
  let newest = TrustedRoot.open(first, fingerprintOf(first));
  for (;;) {
    const version = texts.length + 1;
    if (!existsSync(rootPath(dir, version))) return { texts, newest };
    const text = readRoot(dir, version);
    newest = newest.next(text);
    texts.push(text);
  }
}

export function writeRoot(dir: string, version: number, text: SignedText) {
  mkdirSync(join(dir, "roots"), { recursive: true, mode: 0o700 });
  writeWhole(rootPath(dir, version), `${JSON.stringify(text, null, 2)}\n`);
}

/** The private keys that lie in a cloud's folder, whatever they are for. */
export function readKeys(dir: string): readonly SigningKey[] {
  const folder = join(dir, "keys");
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".pem"))
      .map((name) => keyFromPem(readText(join(folder, name))));
  } catch (cause) {
    const why = messageOf(cause);
    throw new BadFolder(`cannot read the keys in ${folder}: ${why}`, { cause });
  }
}

/** Puts a new key beside the cloud's others. */
export function addKey(dir: string, name: string, key: SigningKey): void {
  const folder = join(dir, "keys");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeSecret(join(folder, `${name}.pem`), key.toPem());
}

const rootPath = (dir: string, version: number): string =>
  join(dir, "roots", `${version}.json`);

function readRoot(dir: string, version: number): SignedText {
  const path = rootPath(dir, version);
  return parseJson(SignedText, readText(path), path);
}
