import { decodeUtf8 } from "./byte-reader.js";
import { sha256 } from "./sha256.js";
import { Malformed } from "./malformed.js";

/**
 * Signed notes, C2SP signed-note v1.0.0 (https://c2sp.org/signed-note): a text, an
 * empty line, and a line for each signature. Here bytes are split and put together;
 * which keys are believed is the reader's affair.
 */
export interface SignedNote {
  /** With its last newline: what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  /** Of the key: neither spaces nor "+". */
  readonly name: string;
  /** Lower-case hex of the 4 bytes that tell the name's keys apart. */
  readonly key: string;
  /** What stands behind the key id: 64 bytes of Ed25519, for one. */
  readonly signature: Uint8Array;
}

/** What a signature is of, and so how its key id is made. */
export const noteTypes = { ed25519: 0x01, cosignature: 0x04 } as const;
export type NoteType = keyof typeof noteTypes;

/** Bytes of a note: two of our own signatures take 600, sixteen witnesses 4,000. */
export const MOST_NOTE_BYTES = 16_384;

/** The specification asks for 16 at least. */
export const MOST_NOTE_SIGNATURES = 32;

/** SHA-256 over the name, the type and the raw public key: the first 4 bytes, in hex. */
export function noteKeyId(
  name: string,
  type: NoteType,
  publicKey: Uint8Array,
): string {
  const head = Buffer.from(`${name}\n`);
  const bytes = Buffer.concat([head, Buffer.of(noteTypes[type]), publicKey]);
  return sha256(bytes).subarray(0, 4).toString("hex");
}

/** The key as witnesses are told it: `name+id+base64(type || key)`. */
export function verifierKey(
  name: string,
  type: NoteType,
  publicKey: Uint8Array,
): string {
  const typed = Buffer.concat([Buffer.of(noteTypes[type]), publicKey]);
  return `${name}+${noteKeyId(name, type, publicKey)}+${typed.toString("base64")}`;
}

/** Whether signature lines can name a key so. */
export const isNoteName = (name: string): boolean =>
  /^[^+\p{White_Space}\p{Cc}\p{Cs}]+$/u.test(name);

/** @throws RangeError rather than write what no reader would take */
export function writeNote({ text, signatures }: SignedNote): string {
  const lines = signatures.map(({ name, key, signature }) => {
    const bytes = Buffer.concat([Buffer.from(key, "hex"), signature]);
    return `${DASH} ${name} ${bytes.toString("base64")}\n`;
  });
  const note = `${text}\n${lines.join("")}`;
  try {
    readNote(note);
  } catch (cause) {
    throw new RangeError("that would be no signed note", { cause });
  }
  return note;
}

/** @throws Malformed */
export function readNote(note: string | Uint8Array): SignedNote {
  const bytes = typeof note === "string" ? Buffer.from(note) : note;
  if (bytes.length > MOST_NOTE_BYTES) {
    throw bad(`has ${bytes.length} bytes, more than ${MOST_NOTE_BYTES}`);
  }
  const whole = decodeUtf8(bytes, WHAT);
  // Newlines alone are allowed.
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) {
    throw bad("has a control character");
  }
  const blank = whole.lastIndexOf("\n\n");
  if (blank < 0 || !whole.endsWith("\n")) {
    throw bad("has no empty line before its signatures");
  }
  const lines = whole.slice(blank + 2, -1).split("\n");
  if (lines.length > MOST_NOTE_SIGNATURES) {
    throw bad(`has ${lines.length} signatures`);
  }
  return { text: whole.slice(0, blank + 1), signatures: lines.map(readLine) };
}

function readLine(line: string): NoteSignature {
  const [dash, name = "", encoded = "", ...more] = line.split(" ");
  if (dash !== DASH || more.length > 0 || !isNoteName(name)) {
    throw bad("has a line that is no signature");
  }
  const bytes = readBase64(encoded);
  if (bytes === undefined || bytes.length < 5) {
    throw bad(`has a signature of ${name.slice(0, 200)} that is not base64`);
  }
  const key = bytes.subarray(0, 4).toString("hex");
  return { name, key, signature: bytes.subarray(4) };
}

/** Standard base64 with its padding, in the one way to write it; else undefined. */
export function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

const WHAT = "signed note";
const DASH = "\u2014";
const bad = (problem: string): Malformed => new Malformed(WHAT, problem);
