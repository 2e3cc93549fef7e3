import { limits } from "../../agent/protocol/limits.js";
import { detect, type Detected, type Hints } from "./detect.js";
import { readerOf } from "./formats.js";
import { saysNothing, type Line, type ListFormat } from "./line.js";
import { lookOf, type Look } from "./look.js";
import { RangeStore } from "./range-store.js";
import { linesOf, LONGEST_LINE, NotAList } from "./text.js";

/** What a list came to. */
export interface ListReport {
  /** Undefined where no line is an entry in any. */
  readonly format: ListFormat | undefined;
  readonly lines: number;
  /** Lines with an entry, whether or not another line had it already. */
  readonly taken: number;
  /** Different ranges, ready to be banned. */
  readonly entries: number;
  /** Entries whose host bits were set, and are now cleared. */
  readonly masked: number;
  /** Ranges that an earlier line had. */
  readonly duplicates: number;
  readonly rejected: number;
  /** The first of them. */
  readonly rejections: readonly Rejection[];
  /** What the rejected lines look like, with the first that does. */
  readonly look: { readonly line: number; readonly as: Look } | undefined;
}

export interface Rejection {
  readonly line: number;
  readonly text: string;
  readonly problem: string;
}

/** Reads a list line by line; holds its ranges in a few bytes each. */
export class ListReader {
  readonly ranges = new RangeStore();
  readonly #hints: Hints;
  readonly #rejections: Rejection[] = [];
  /** Lines that wait until their format is known. */
  #sample: string[] | undefined = [];
  #sampled = { lines: 0, characters: 0, enough: SAMPLE };
  #detected: Detected | undefined;
  /** Lines of one record that goes on. */
  #open: string[] = [];
  #lines = 0;
  #taken = 0;
  #masked = 0;
  #duplicates = 0;
  #rejected = 0;
  #look: ListReport["look"];

  /** @param hints what is not said is found out from the first lines */
  constructor(hints: Partial<Hints> = {}) {
    this.#hints = { format: hints.format, column: hints.column };
  }

  /** @throws NotAList when there are more ranges than a feed takes */
  line(text: string): void {
    if (this.#sample === undefined) {
      this.#read(text);
      return;
    }
    this.#sample.push(text);
    const sampled = this.#sampled;
    sampled.lines += saysNothing(text) ? 0 : 1;
    sampled.characters += text.length;
    const isFull =
      this.#sample.length >= LONGEST_SAMPLE ||
      sampled.characters >= LARGEST_SAMPLE;
    if (isFull) this.#settle();
    else if (sampled.lines >= sampled.enough) this.#tryToSettle(this.#sample);
  }

  /** There are no more lines. */
  end(): void {
    this.#settle();
    this.#giveUp();
  }

  report(): ListReport {
    return {
      format: this.#detected?.format ?? (this.#taken > 0 ? "plain" : undefined),
      lines: this.#lines,
      taken: this.#taken,
      entries: this.ranges.size,
      masked: this.#masked,
      duplicates: this.#duplicates,
      rejected: this.#rejected,
      rejections: this.#rejections,
      look: this.#look,
    };
  }

  /** Without an entry among them, it takes more lines. */
  #tryToSettle(sample: readonly string[]): void {
    this.#detected = detect(sample, this.#hints);
    if (this.#detected === undefined) this.#sampled.enough *= 2;
    else this.#settle();
  }

  /** The first lines have shown the format, or that they have none. */
  #settle(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    this.#detected ??= detect(sample, this.#hints);
    for (const line of sample) this.#read(line);
  }

  #read(text: string): void {
    this.#lines += 1;
    const isWhole = this.#open.length === 0;
    const record = isWhole ? text : [...this.#open, text].join("\n");
    const line = this.#parse(record);
    if (line.kind === "open") {
      this.#open.push(text);
      const isLong = record.length > LONGEST_LINE;
      if (this.#open.length >= LONGEST_RECORD || isLong) this.#giveUp();
      return;
    }
    this.#open = [];
    if (line.kind === "wrong") this.#reject(record, line.problem);
    if (line.kind === "entry") this.#add(line);
  }

  #parse(record: string): Line {
    const { read = UNKNOWN } = this.#detected ?? {};
    return read(record);
  }

  /** A quote that nothing closes costs its own line, and not all behind it. */
  #giveUp(): void {
    const [first, ...rest] = this.#open;
    this.#open = [];
    if (first === undefined) return;
    this.#lines -= rest.length;
    this.#reject(first, "opens a quote that nothing closes");
    for (const line of rest) this.#read(line);
    this.#giveUp();
  }

  #add({ cidrs, masked, timeout }: Line & { readonly kind: "entry" }): void {
    this.#taken += 1;
    if (masked) this.#masked += 1;
    for (const cidr of cidrs) {
      if (!this.ranges.add(cidr, timeout)) this.#duplicates += 1;
    }
    if (this.ranges.size > limits.snapshotBans) {
      throw new NotAList(
        `more than ${limits.snapshotBans} ranges are not taken`,
      );
    }
  }

  #reject(text: string, problem: string): void {
    this.#rejected += 1;
    this.#look ??= this.#lookOf(text);
    if (this.#rejections.length === MOST_REJECTIONS) return;
    const excerpt = text.trim().slice(0, LONGEST_EXCERPT);
    this.#rejections.push({ line: this.#lines, text: excerpt, problem });
  }

  #lookOf(text: string): ListReport["look"] {
    const as = lookOf(text);
    const isOurs = as === "json" && this.#detected?.format === "spamhaus-json";
    return as === undefined || isOurs ? undefined : { line: this.#lines, as };
  }
}

/** Reads bytes as they come. */
export async function readList(
  chunks: AsyncIterable<Uint8Array>,
  reader: ListReader,
): Promise<void> {
  for await (const lines of linesOf(chunks)) {
    for (const line of lines) reader.line(line);
  }
  reader.end();
}

/** What says most plainly why a line is no range. */
const UNKNOWN = readerOf("plain");

/** Lines that say something, of which most tell a list's format. */
const SAMPLE = 256;

/** Lines, comments at its head included, and characters that wait for it. */
const LONGEST_SAMPLE = 4_096;
const LARGEST_SAMPLE = 1024 * 1024;

/** Lines that one record may have: quoted fields hold descriptions. */
const LONGEST_RECORD = 16;

const LONGEST_EXCERPT = 80;

/** Enough to see what is wrong with a list. */
const MOST_REJECTIONS = 20;
