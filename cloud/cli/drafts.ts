import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { parseJson } from "../../agent/protocol/shapes.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import { misused } from "../../agent/text/failure.js";
import { fileFailure } from "../../agent/text/file-failures.js";
import { keyFromPem, type SigningKey } from "../../agent/trust/keys.js";
import {
  Draft,
  signDraft,
  signedBy,
  type Ceremonial,
} from "../roots/ceremony.js";
import type { Io } from "./io.js";

/** What is signed, by which key, and how it is shown to whoever signs it. */
export interface Signing {
  readonly kind: Ceremonial;
  /** Help for `--key`. */
  readonly key: string;
  /** @throws Malformed when the draft is of another kind */
  readonly shown: (draft: Draft, dir: string) => readonly string[];
}

/** sign: adds a signature to a draft, on whichever machine the key is. */
export function addSignCommand(
  parent: Command,
  io: Io,
  { kind, key: keyHelp, shown }: Signing,
): void {
  parent
    .command("sign")
    .description("sign a draft; needs no cloud and no network")
    .argument(
      "<draft>",
      `file that ${kind} draft made; the signature is added to it`,
    )
    .requiredOption("--key <file>", keyHelp)
    .action((file: string, { key }: { key: string }, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      const draft = readDraft(file);
      const signing = readKey(key);
      mustCount(draft, signing, { kind, path: key });
      const signed = signDraft(draft, signing, kind);
      const lines = shown(signed, dir); // or it is nothing to sign
      writeDraft(file, signed, "w");
      for (const line of lines) io.out(line);
    });
}

/** @throws Failure when the key's signature is known to count for nothing */
function mustCount(
  { signers }: Draft,
  { id }: SigningKey,
  { kind, path }: { readonly kind: Ceremonial; readonly path: string },
): void {
  if (signers === undefined || signers.includes(id)) return;
  const role = signedBy[kind];
  throw misused(
    `--key "${path}" is no ${role} key: its id is ${id}, and those that count are ${signers.join(", ")}`,
  );
}

/**
 * A draft that somebody has signed, as it travels.
 * @throws Failure when nobody has
 */
export function readSigned(path: string, kind: Ceremonial): SignedText {
  const { signed, signatures } = readDraft(path);
  if (signatures.length > 0) return { signed, signatures };
  throw misused(
    `nobody has signed ${path} yet: tourniquet-cloud ${kind} sign ${path} --key FILE`,
  );
}

export const readDraft = (path: string): Draft =>
  parseJson(Draft, readFile("DRAFT", path), path);

function readKey(path: string): SigningKey {
  const pem = readFile("--key", path);
  try {
    return keyFromPem(pem);
  } catch (cause) {
    throw misused(`--key "${path}" is no private key`, cause);
  }
}

export function writeDraft(path: string, draft: Draft, flag: "w" | "wx"): void {
  writeFileSync(path, `${JSON.stringify(draft, null, 2)}\n`, { flag });
}

export function writeNew(
  option: string,
  path: string,
  write: () => void,
): void {
  try {
    write();
  } catch (cause) {
    const why = fileFailure(cause);
    throw misused(`${option} "${path}" cannot be made: ${why}`, cause);
  }
}

export function readFile(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = fileFailure(cause);
    throw misused(`${option} "${path}" cannot be read: ${why}`, cause);
  }
}

/** An option that may be given several times. */
export const collect = (value: string, before: readonly string[]) => [
  ...before,
  value,
];

export function daysOf(text: string, most: number): number {
  const days = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : most + 1;
  if (days <= most) return days;
  throw misused(`--days "${text}" is not from 1 to ${most}`);
}
