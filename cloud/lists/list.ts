import {
  bits,
  InvalidCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { limits } from "../../agent/protocol/limits.js";
import { detectFormat, readLine, type ListFormat } from "./formats.js";
import { RangeStore } from "./range-store.js";

/** What a list came to. */
export interface ListReport {
  readonly format: ListFormat | undefined;
  readonly lines: number;
  /** Different ranges, ready to be banned. */
  readonly entries: number;
  /** Entries whose host bits were set, and are now cleared. */
  readonly masked: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** The first of them. */
  readonly rejections: readonly Rejection[];
}

export interface Rejection {
  readonly line: number;
  readonly text: string;
  readonly problem: string;
}

/** Reads a list line by line; holds its ranges in a few bytes each. */
export class ListReader {
  readonly ranges = new RangeStore();
  readonly #rejections: Rejection[] = [];
  #format: ListFormat | undefined;
  #lines = 0;
  #masked = 0;
  #duplicates = 0;
  #rejected = 0;

  /** @param format detected from the first line when undefined */
  constructor(format: ListFormat | undefined) {
    this.#format = format;
  }

  /** @throws NotAList when it is longer than any line of a list */
  line(text: string): void {
    this.#lines += 1;
    mustBeALine(text);
    this.#format ??= detectFormat(text);
    if (this.#format === undefined) return;
    const line = readLine(this.#format, text);
    if (line.kind === "wrong") this.#reject(text, line.problem);
    if (line.kind === "entry") this.#add(text, line.range, line.timeout);
  }

  report(): ListReport {
    return {
      format: this.#format,
      lines: this.#lines,
      entries: this.ranges.size,
      masked: this.#masked,
      duplicates: this.#duplicates,
      rejected: this.#rejected,
      rejections: this.#rejections,
    };
  }

  #add(text: string, range: string, timeout: number | undefined): void {
    const cidr = this.#range(text, range);
    if (cidr === undefined) return;
    if (hasHostBits(range, cidr)) this.#masked += 1;
    if (!this.ranges.add(cidr, timeout)) this.#duplicates += 1;
    if (this.ranges.size > limits.snapshotBans) {
      throw new NotAList(
        `more than ${limits.snapshotBans} ranges are not taken`,
      );
    }
  }

  #range(text: string, range: string): Cidr | undefined {
    try {
      const cidr = parseListedCidr(range);
      if (cidr.prefix > 0) return cidr;
      this.#reject(text, "would ban every address there is");
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      this.#reject(text, error.problem);
    }
    return undefined;
  }

  #reject(text: string, problem: string): void {
    this.#rejected += 1;
    if (this.#rejections.length === MOST_REJECTIONS) return;
    const excerpt = text.trim().slice(0, LONGEST_EXCERPT);
    this.#rejections.push({ line: this.#lines, text: excerpt, problem });
  }
}

/** A line that no list has, or more than a feed takes. */
export class NotAList extends Error {
  override readonly name = "NotAList";
}

/** Reads bytes as they come; lines end with LF or CRLF. */
export async function readList(
  chunks: AsyncIterable<Uint8Array>,
  reader: ListReader,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(
      /\r?\n/,
    );
    rest = lines.pop() ?? "";
    for (const line of lines) reader.line(line);
    mustBeALine(rest.replace(/\r$/, "")); // its LF may come next
  }
  if (rest !== "") reader.line(rest);
}

function mustBeALine(text: string): void {
  if (text.length <= LONGEST_LINE) return;
  throw new NotAList(`a line is longer than ${LONGEST_LINE} characters`);
}

const LONGEST_LINE = 64 * 1024;
const LONGEST_EXCERPT = 80;

/** Enough to see what is wrong with a list. */
const MOST_REJECTIONS = 20;

/** Only a range with a prefix length can have any. */
function hasHostBits(text: string, cidr: Cidr): boolean {
  if (!text.includes("/") || cidr.prefix === bits(cidr.family)) return false;
  const address = text.slice(0, text.indexOf("/"));
  const bare = parseListedCidr(address);
  return Buffer.compare(bare.address, cidr.address) !== 0;
}
