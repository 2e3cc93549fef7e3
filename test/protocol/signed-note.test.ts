import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  cosignedText,
  packCosignature,
  readCheckpoint,
  unpackCosignature,
  writeCheckpoint,
} from "../../agent/protocol/checkpoint.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import {
  isNoteName,
  MOST_NOTE_BYTES,
  MOST_NOTE_SIGNATURES,
  noteKeyId,
  readNote,
  verifierKey,
  writeNote,
} from "../../agent/protocol/signed-note.js";
import { publicKey } from "../../agent/trust/keys.js";

/** The example that C2SP signed-note publishes. */
const VERIFIER_KEY =
  "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE = `This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

const raw = Buffer.from(VERIFIER_KEY.split("+")[2] ?? "", "base64").subarray(1);

describe("a signed note", () => {
  it("of the specification is read, and its signature is good", () => {
    const { text, signatures } = readNote(NOTE);
    expect(text).toBe("This is an example message.\n");
    const [only] = signatures;
    const { name = "", key, signature = raw } = only ?? {};
    expect(name).toBe("example.com/foo");
    expect(key).toBe(noteKeyId(name, "ed25519", raw));
    expect(publicKey(raw).verify(Buffer.from(text), signature)).toBe(true);
    expect(verifierKey(name, "ed25519", raw)).toBe(VERIFIER_KEY);
  });

  const names = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter(isNoteName);
  const texts = fc
    .array(fc.stringMatching(/^[ -~]{0,40}$/), { minLength: 1, maxLength: 5 })
    .map((lines) => `${lines.join("\n")}\n`);
  const signature = fc.record({
    name: names,
    key: fc.stringMatching(/^[0-9a-f]{8}$/),
    signature: fc
      .uint8Array({ minLength: 1, maxLength: 80 })
      .map((bytes) => Buffer.from(bytes)),
  });

  it("is read as it was written", () => {
    const notes = fc.record({
      text: texts,
      signatures: fc.array(signature, { minLength: 1, maxLength: 16 }),
    });
    fc.assert(
      fc.property(notes, (note) => {
        expect(readNote(writeNote(note))).toEqual(note);
      }),
    );
  });

  const line = NOTE.split("\n").at(-2) ?? "";

  it.each([
    ["nothing", ""],
    ["no signature", "text\n\n"],
    ["no empty line", `text\n${line}\n`],
    ["no last newline", NOTE.slice(0, -1)],
    ["a control character", NOTE.replace(" is ", "\tis ")],
    ["a carriage return", NOTE.replaceAll("\n", "\r\n")],
    ["another dash", NOTE.replace("\u2014", "-")],
    ["a key without a name", `text\n\n\u2014  AAAAAAA=\n`],
    ["a plus in a name", NOTE.replace("example.com/foo", "example+foo")],
    ["a no-break space", NOTE.replace("example.com/foo", "example\u00a0foo")],
    ["a third word", NOTE.replace("foo ", "foo bar ")],
    ["base64 of another kind", NOTE.replace("yaQM=", "ya-_=")],
    ["base64 without padding", NOTE.replace("yaQM=", "yaQM")],
    ["a key id alone", "text\n\n\u2014 name AAAAAA==\n"],
    [
      "more signatures",
      `text\n\n${`${line}\n`.repeat(MOST_NOTE_SIGNATURES + 1)}`,
    ],
    ["more bytes", `${"x".repeat(MOST_NOTE_BYTES)}\n\n${line}\n`],
  ])("with %s is malformed", (_, note) => {
    expect(() => readNote(note)).toThrow(Malformed);
  });

  it("that is no UTF-8 is malformed", () => {
    expect(() => readNote(Buffer.from([0xff, 0x0a, 0x0a]))).toThrow(Malformed);
  });

  it("is not written where nobody could read it", () => {
    const signatures = [
      { name: "a name", key: "00000000", signature: Buffer.alloc(64) },
    ];
    expect(() => writeNote({ text: "text\n", signatures })).toThrow(RangeError);
  });
});

describe("a checkpoint", () => {
  const root = Buffer.alloc(32, 7);
  const text = writeCheckpoint({ origin: "example.com/log", size: 42, root });

  it("is read as it was written", () => {
    expect(text).toBe(
      "example.com/log\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
    );
    const read = { origin: "example.com/log", size: 42, root };
    expect(readCheckpoint(text)).toEqual(read);
    expect(readCheckpoint(`${text}an extension\n`)).toEqual(read);
  });

  it.each([
    ["no last newline", text.slice(0, -1)],
    ["no origin", text.replace("example.com/log", "")],
    ["a size that begins with 0", text.replace("42", "042")],
    ["a negative size", text.replace("42", "-42")],
    ["a size beyond 2^53", text.replace("42", "9007199254740992")],
    ["a size in words", text.replace("42", "many")],
    ["half a root", text.replace("BwcHBwcHBwcH", "")],
    ["an empty line behind it", `${text}\n`],
    ["two lines alone", "example.com/log\n42\n"],
  ])("with %s is malformed", (_, bad) => {
    expect(() => readCheckpoint(bad)).toThrow(Malformed);
  });

  it("is cosigned at a time, as C2SP tlog-cosignature says", () => {
    expect(cosignedText(1_679_315_147, text)).toBe(
      `cosignature/v1\ntime 1679315147\n${text}`,
    );
    const signature = Buffer.alloc(64, 1);
    const packed = packCosignature(1_679_315_147, signature);
    expect(unpackCosignature(packed)).toEqual({
      ...{ time: 1_679_315_147, signature },
    });
    expect(unpackCosignature(packed.subarray(1))).toBeUndefined();
    const late = Buffer.concat([Buffer.alloc(8, 0x7f), signature]);
    expect(unpackCosignature(late)).toBeUndefined();
  });
});
