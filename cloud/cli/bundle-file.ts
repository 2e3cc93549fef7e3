import { closeSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import {
  BundleReader,
  textOf,
  type BundleHeader,
  type BundlePart,
  type ByteSource,
} from "../../agent/protocol/bundle.js";
import { Head } from "../../agent/protocol/documents.js";
import { limits } from "../../agent/protocol/limits.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { openSegment } from "../../agent/protocol/segment.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { openSnapshot } from "../../agent/protocol/snapshot.js";
import { readAt } from "../../agent/runtime/read-at.js";
import { failed } from "../../agent/text/failure.js";
import { fileFailure } from "../../agent/text/file-failures.js";

/** What a bundle brings, as its parts say. */
export interface BundleSummary extends BundleHeader {
  readonly bytes: number;
  readonly parts: number;
  readonly roots: number;
  readonly approvals: number;
  readonly feeds: readonly FeedSummary[];
  /** When the first of it runs out, in milliseconds since 1970; null for never. */
  readonly goodUntil: number | null;
}

export interface FeedSummary {
  readonly feed: string;
  readonly epoch: string;
  /** Where it leads to. */
  readonly offset: number;
  readonly segments: number;
  /** Bans of a whole state; null where there is none. */
  readonly snapshotBans: number | null;
  /** Where a host has to stand at least to take it in. */
  readonly from: number;
}

/**
 * Writes a bundle as it comes, and puts it in place once it has all come.
 * @throws Failure; an earlier file of the name is left as it was
 */
export async function keepBundle(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<BundleSummary> {
  const beside = `${path}.new`;
  try {
    rmSync(beside, { force: true });
    await write(beside, chunks);
    const summary = summaryOf(beside);
    renameSync(beside, path);
    return summary;
  } catch (error) {
    rmSync(beside, { force: true });
    const why =
      error instanceof Malformed
        ? `it did not come whole: ${error.message}`
        : fileFailure(error);
    throw failed(
      `no bundle in ${path}: ${why}; the cloud's log may say more`,
      error,
    );
  }
}

async function write(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limits.bundleBytes)
      throw new Malformed("bundle", "is too long");
    await file.writeFile(chunk);
  }
  await file.sync();
}

function summaryOf(path: string): BundleSummary {
  const file = openSync(path, "r");
  try {
    const size = statSync(path).size;
    const reader = new BundleReader(sourceOf(file, size));
    const found = new Found();
    for (const part of reader.parts()) found.see(part);
    return { ...reader.header, bytes: size, ...found.summary };
  } finally {
    closeSync(file);
  }
}

const sourceOf = (file: number, size: number): ByteSource => ({
  size,
  read: (at, length) => readAt(file, at, length),
});

type Counted = { -readonly [K in keyof FeedSummary]: FeedSummary[K] };

class Found {
  #parts = 0;
  #roots = 0;
  #approvals = 0;
  #goodUntil = Infinity;
  readonly #feeds = new Map<string, Counted>();

  see(part: BundlePart): void {
    this.#parts += 1;
    switch (part.kind) {
      case "root":
        this.#roots += 1;
        return;
      case "approval":
        this.#approvals += 1;
        return;
      case "snapshot": {
        const { header } = openSnapshot(part.bytes);
        this.#ends(header.notAfter);
        this.#of(header.feed, 0).snapshotBans = header.bans;
        return;
      }
      case "segment": {
        const { header } = openSegment(part.bytes);
        this.#ends(header.notAfter);
        this.#of(header.feed, header.first - 1).segments += 1;
        return;
      }
      case "head": {
        const head = parseJson(Head, textOf(part).signed, "head");
        const { epoch, offset } = head;
        Object.assign(this.#of(head.feed, 0), { epoch, offset });
      }
    }
  }

  get summary(): Omit<BundleSummary, keyof BundleHeader | "bytes"> {
    return {
      parts: this.#parts,
      roots: this.#roots,
      approvals: this.#approvals,
      feeds: [...this.#feeds.values()],
      goodUntil: this.#goodUntil === Infinity ? null : this.#goodUntil,
    };
  }

  #ends(notAfter: number): void {
    this.#goodUntil = Math.min(this.#goodUntil, notAfter);
  }

  #of(feed: string, from: number): Counted {
    const at = { epoch: "", offset: 0, segments: 0, snapshotBans: null };
    const found = this.#feeds.get(feed) ?? { feed, ...at, from };
    this.#feeds.set(feed, found);
    return found;
  }
}
