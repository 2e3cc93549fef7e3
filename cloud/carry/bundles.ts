import { open, type FileHandle } from "node:fs/promises";
import {
  hashFromHex,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import { BundleWriter } from "../../agent/protocol/bundle.js";
import { Head } from "../../agent/protocol/documents.js";
import { limits } from "../../agent/protocol/limits.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import type { Approvals } from "../approvals/approvals.js";
import { feedsOf } from "../feeds/audience.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Heads } from "../feeds/heads.js";
import type { Recovery, Snapshots } from "../feeds/recovery.js";
import type { SnapshotEntry } from "../feeds/snapshots/snapshot-cache.js";
import { snapshotPath } from "../feeds/snapshots/snapshot-files.js";
import type { Receipts } from "../receipts/receipts.js";
import type { Signing } from "../roots/signing.js";

export interface BundlePorts {
  readonly cloudName: string;
  readonly clock: Pick<Clock, "now">;
  readonly signing: Pick<Signing, "version" | "text">;
  readonly approvals: Pick<Approvals, "of">;
  readonly index: Pick<
    FeedIndex,
    "standing" | "segmentAfter" | "segmentsAfter" | "hashAt"
  >;
  readonly recovery: Pick<Recovery, "plan">;
  readonly heads: Pick<Heads, "of">;
  readonly state: Pick<Snapshots, "build">;
  readonly receipts: Pick<Receipts, "newest">;
  /** Where the snapshots' files lie. */
  readonly snapshotFolder: string;
}

/** What a bundle is made for. */
export interface BundleOrder {
  readonly org: string;
  /** From where this one stands, as far as its receipts tell. */
  readonly agent?: string | undefined;
  /** From here on; of other feeds, and without it, whole states. */
  readonly since?: readonly Position[] | undefined;
}

/** A bundle that is being made; nobody else's is until it is disposed of. */
export interface OpenBundle extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Another bundle is being made. */
export class BusyBundling extends Error {
  override readonly name = "BusyBundling";

  constructor() {
    super("another bundle is being made; ask again when it is done");
  }
}

/**
 * Writes down what a cloud has to say to the hosts of an org: roots, approvals, each
 * feed by the cheapest whole way, and its head. All of it is signed already, or by
 * the keys that sign for the wire.
 */
export class Bundles {
  readonly #ports: BundlePorts;
  #busy = false;

  constructor(ports: BundlePorts) {
    this.#ports = ports;
  }

  /**
   * Puts everything in readiness; the bundle itself comes as it is read. To be
   * disposed of, however far it was read.
   * @throws BusyBundling
   */
  async begin(order: BundleOrder): Promise<OpenBundle> {
    if (this.#busy) throw new BusyBundling();
    this.#busy = true;
    const opened = new Lifetime();
    opened.defer(() => {
      this.#busy = false;
    });
    try {
      const ways: Way[] = [];
      for (const feed of feedsOf(order.org)) {
        const from = this.#positionOf(feed, order);
        ways.push(await this.#way(feed, from, opened));
      }
      return {
        chunks: this.#write(order, ways),
        [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
      };
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  async *#write(
    { org, agent }: BundleOrder,
    ways: readonly Way[],
  ): AsyncGenerator<Uint8Array> {
    const { cloudName: cloud, clock, approvals } = this.#ports;
    const feeds = ways.map(({ feed }) => feed);
    // Of this very moment: segments up to it follow, and none beyond.
    const heads = this.#ports.heads.of(feeds);
    const madeAt = clock.now();
    const writer = new BundleWriter();
    const who = { cloud, org, ...(agent !== undefined && { agent }) };
    yield writer.begin({ ...who, madeAt });
    for (const text of this.#roots()) yield writer.text("root", text);
    for (const text of approvals.of(feeds)) yield writer.text("approval", text);
    for (const text of heads) {
      const head = parseJson(Head, text.signed, "head");
      const way = ways.find(({ feed }) => feed === head.feed);
      if (way !== undefined) yield* this.#feed(way, head, writer);
    }
    for (const text of heads) yield writer.text("head", text);
    yield writer.end();
  }

  /** A host may be at any of them; those that it is past it passes over. */
  #roots(): readonly SignedText[] {
    const { signing } = this.#ports;
    const first = Math.max(1, signing.version - limits.bundleRoots + 1);
    const count = signing.version - first + 1;
    return Array.from({ length: count }, (_, i) =>
      signing.text(first + i),
    ).filter((text) => text !== undefined);
  }

  async *#feed(
    { snapshot, ...way }: Way,
    head: Head,
    writer: BundleWriter,
  ): AsyncGenerator<Uint8Array> {
    if (snapshot !== undefined) {
      yield writer.frame("snapshot", snapshot.bytes);
      for await (const chunk of chunksOf(snapshot)) yield writer.raw(chunk);
    }
    const { feed, epoch } = head;
    let offset = way.epoch === epoch ? way.offset : 0;
    while (offset < head.offset) {
      const some = this.#ports.index.segmentsAfter(
        { feed, epoch, offset },
        AT_ONCE_BYTES,
      );
      if (some.length === 0) throw new Error(`${feed} ends at ${offset}`);
      for (const { last, bytes } of some) {
        if (offset === head.offset) break;
        yield writer.part("segment", bytes);
        offset = last;
      }
    }
  }

  /** How a host gets to where the feed stands, from a position or from nothing. */
  async #way(
    feed: FeedName,
    from: Position | undefined,
    opened: Lifetime,
  ): Promise<Way> {
    const { index, recovery, state, clock } = this.#ports;
    const standing = index.standing(feed);
    const { epoch = "", offset = 0 } = standing ?? {};
    if (offset === 0) return { feed, epoch, offset };
    if (from !== undefined && this.#lasts(from, offset)) {
      const plan = await recovery.plan(feed, from);
      if ("mode" in plan && plan.mode !== "snapshot") {
        return { feed, epoch, offset: from.offset };
      }
    }
    // Made anew, by the keys of this hour: it is on its way for days.
    const entry = await state.build(feed, clock.now());
    const path = snapshotPath(this.#ports.snapshotFolder, entry.sha256);
    const file = await open(path);
    opened.defer(() => file.close()); // held: a newer one may take its place
    const snapshot = { file, bytes: entry.bytes };
    return { feed, epoch: entry.epoch, offset: entry.offset, snapshot };
  }

  /** Whether its segments can be taken for long enough to be carried, and are not too many. */
  #lasts({ feed, epoch, offset }: Position, end: number): boolean {
    if (end - offset > MOST_OPS) return false;
    const next = this.#ports.index.segmentAfter(feed, epoch, offset);
    const now = this.#ports.clock.now();
    return next === undefined || next.notAfter > now + CARRIED_MS;
  }

  /** As given, or as the host's newest receipt has it. */
  #positionOf(feed: FeedName, order: BundleOrder): Position | undefined {
    const { index, receipts } = this.#ports;
    const given = order.since?.find((each) => each.feed === feed);
    if (given !== undefined || order.agent === undefined) return given;
    const epoch = index.standing(feed)?.epoch;
    const newest = epoch && receipts.newest(order.agent, feed, epoch);
    if (!epoch || !newest) return undefined;
    const hash = index.hashAt(feed, epoch, newest.offset);
    if (hash === undefined) return undefined;
    return { feed, epoch, offset: newest.offset, hash: hashFromHex(hash) };
  }
}

/** Where segments begin, and what stands before them. */
interface Way {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly snapshot?: Opened;
}

interface Opened extends Pick<SnapshotEntry, "bytes"> {
  readonly file: FileHandle;
}

async function* chunksOf({ file, bytes }: Opened): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes;) {
    const length = Math.min(AT_ONCE_BYTES, bytes - at);
    const { bytesRead, buffer } = await file.read({
      buffer: Buffer.allocUnsafe(length),
      position: at,
    });
    if (bytesRead === 0) throw new Error("a snapshot's file was cut off");
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** In memory, of segments or of a snapshot. */
const AT_ONCE_BYTES = 1024 * 1024;

/** More are carried as a whole state, so that a bundle's parts stay few. */
const MOST_OPS = 16_384;

/** So long at least a bundle can be applied, as far as that is to be had. */
const CARRIED_MS = 7 * 24 * 60 * 60 * 1000;
