import fc from "fast-check";
import type { Target } from "./target.js";

/** Inputs of a target: one of the corpus, or of what lies within it, edited. */
export function inputs(
  target: Target,
  corpus: readonly Buffer[],
): fc.Arbitrary<Buffer> {
  const edits = fc.array(editOf(target, corpus), { maxLength: 6 });
  return fc
    .record({
      base: fc.constantFrom(...corpus),
      layer: fc.nat(target.layers.length),
      edits,
    })
    .map(({ base, layer, edits }) => {
      const within = target.layers[layer - 1];
      const edited = (bytes: Buffer) =>
        edits
          .reduce((before, edit) => edit(before), bytes)
          .subarray(0, target.mostBytes);
      try {
        return within?.seal(edited(within.open(base)), base) ?? edited(base);
      } catch {
        return edited(base); // it has no such layer, or has it no more
      }
    });
}

type Edit = (bytes: Buffer) => Buffer;

/** What happens to bytes on their way; a place is taken modulo the length. */
function editOf(
  { words, mostBytes }: Target,
  corpus: readonly Buffer[],
): fc.Arbitrary<Edit> {
  const place = fc.nat(0xfffff);
  const some = fc.oneof(fc.nat(16), fc.nat(300), fc.nat(20_000));
  const doublings = fc.oneof(
    { arbitrary: fc.nat(6), weight: 7 },
    { arbitrary: fc.nat(16), weight: 1 },
  );
  return fc.oneof(
    fc.tuple(place, fc.nat(7)).map(
      ([at, bit]): Edit =>
        (bytes) =>
          changed(bytes, at, (byte) => byte ^ (1 << bit)),
    ),
    fc.tuple(place, fc.integer({ min: -4, max: 4 })).map(
      ([at, by]): Edit =>
        (bytes) =>
          changed(bytes, at, (byte) => (byte + by) & 0xff),
    ),
    fc.tuple(place, fc.constantFrom(...INTERESTING)).map(
      ([at, number]): Edit =>
        (bytes) =>
          replaced(bytes, at, number),
    ),
    fc.tuple(place, some).map(
      ([at, length]): Edit =>
        (bytes) =>
          spliced(bytes, at, length, NOTHING),
    ),
    place.map(
      (at): Edit =>
        (bytes) =>
          bytes.subarray(0, within(bytes, at)),
    ),
    fc
      .tuple(place, some, fc.constantFrom(...corpus), place)
      .map(([at, length, other, from]): Edit => (bytes) => {
        const start = within(other, from);
        return spliced(bytes, at, 0, other.subarray(start, start + length));
      }),
    fc.tuple(place, fc.integer({ min: 1, max: 64 }), doublings).map(
      ([at, length, doublings]): Edit =>
        (bytes) =>
          repeated(bytes, at, length, Math.min(mostBytes, length << doublings)),
    ),
    fc.tuple(place, fc.constantFrom(...words, ...WORDS)).map(
      ([at, word]): Edit =>
        (bytes) =>
          reworded(bytes, at, word),
    ),
    fc.tuple(place, fc.constantFrom(...words, ...WORDS)).map(
      ([at, word]): Edit =>
        (bytes) =>
          spliced(bytes, at, 0, Buffer.from(word)),
    ),
  );
}

const within = (bytes: Buffer, at: number): number => at % (bytes.length + 1);

function changed(
  bytes: Buffer,
  at: number,
  change: (byte: number) => number,
): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at % copy.length] = change(copy[at % copy.length]!);
  return copy;
}

function replaced(bytes: Buffer, at: number, by: Buffer): Buffer {
  return spliced(bytes, at, by.length, by);
}

function spliced(
  bytes: Buffer,
  at: number,
  remove: number,
  insert: Buffer,
): Buffer {
  const start = within(bytes, at);
  const rest = bytes.subarray(start + remove);
  return Buffer.concat([bytes.subarray(0, start), insert, rest]);
}

/** A block of the bytes again and again, until it takes so many. */
function repeated(
  bytes: Buffer,
  at: number,
  length: number,
  most: number,
): Buffer {
  const start = within(bytes, at);
  const block = bytes.subarray(start, start + length);
  if (block.length === 0) return bytes;
  return spliced(bytes, start, 0, Buffer.alloc(most, block));
}

/** Puts a word where another was. */
function reworded(bytes: Buffer, at: number, word: string): Buffer {
  const text = bytes.toString("latin1");
  if (text.length > LONGEST_REWORDED) return bytes;
  const found = [...text.matchAll(WORD)];
  const old = found[at % Math.max(1, found.length)];
  if (old === undefined) return bytes;
  const end = old.index + old[0].length;
  const by = Buffer.from(word).toString("latin1");
  const edited = text.slice(0, old.index) + by + text.slice(end);
  return Buffer.from(edited, "latin1");
}

const NOTHING = Buffer.alloc(0);
const LONGEST_REWORDED = 32_768;

/** A string of JSON, or what stands between spaces and punctuation. */
const WORD = /"(?:[^"\\]|\\.)*"|[^\s",:;=[\]{}()<>]+/g;

/** Where lengths and counts go wrong: both byte orders, and as varints. */
const INTERESTING = [
  ...["00", "01", "7f", "80", "ff", "20", "21", "0a", "0d0a"],
  ...["0000", "0001", "0100", "0800", "0801", "7fff", "8000", "ffff", "0400"],
  ...["00000000", "00000001", "01000000", "7fffffff", "ffffff7f", "80000000"],
  ...["00000080", "ffffffff", "8000", "8080808000", "ffffffffffffff0f"],
  ...["8080808080808010", "ffffffffffffffff", "ffffffffffffffff01"],
].map((hex) => Buffer.from(hex, "hex"));

const WORDS = [
  ...["null", "true", "-1", "0", "-0", "1", "0.5", "1e308", "1e999", "00"],
  ...["9007199254740991", "9007199254740992", "18446744073709551616"],
  ...['""', "[]", "{}", '"\\u0000"', '"\\ud800"', '"\\u202e"', '"\ufeff"'],
  ...['"__proto__"', '"constructor"', '"prototype"', '"toString"'],
  ...['"__proto__":{"polluted":1},', '"constructor":{"prototype":{"a":1}},'],
  ...["[".repeat(5_000), '{"a":'.repeat(2_000), "9".repeat(400)],
  ...["\n", "\r", "\0", " ", "\u2028", "\x1b[31m", "é", "\ufffd"],
];
