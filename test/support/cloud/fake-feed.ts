import type { BanOp, Op } from "../../../agent/model/ban.js";
import { bits, compareCidrs, type Family } from "../../../agent/model/cidr.js";
import {
  NO_HASH,
  type FeedName,
  type Position,
} from "../../../agent/model/position.js";
import type { Head } from "../../../agent/protocol/documents.js";
import type { FeedPlan } from "../../../agent/protocol/messages.js";
import {
  sealSegment,
  type SegmentDraft,
} from "../../../agent/protocol/segment.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { sealSnapshot, type Group } from "../../../agent/protocol/snapshot.js";
import { signerOf, signText } from "../../../agent/trust/sign.js";
import { hex, keys, sha256Hex, type KeyName } from "../vectors.js";

/** The cloud's side of one feed. */
export class FakeFeed {
  #offset = 0;
  #hash: Uint8Array = NO_HASH;

  constructor(
    readonly feed: FeedName = "urgent",
    readonly epoch = "e1",
  ) {}

  get position(): Position {
    const { feed, epoch } = this;
    return { feed, epoch, offset: this.#offset, hash: this.#hash };
  }

  /** The next segment; what a test changes about it changes the feed as well. */
  append(
    ops: readonly Op[],
    draft: Partial<SegmentDraft> = {},
    signers: readonly KeyName[] = ["contentA"],
  ): Buffer {
    const issuedAt = Date.now();
    const { bytes, hash } = sealSegment(
      {
        feed: this.feed,
        epoch: this.epoch,
        first: this.#offset + 1,
        previous: this.#hash,
        issuedAt,
        notAfter: issuedAt + DAY_MS,
        ops,
        ...draft,
      },
      signerOf(signers.map((name) => keys[name])),
    );
    this.#offset += ops.length;
    this.#hash = hash;
    return bytes;
  }

  /** The feed's whole state, as somebody claims it to be here. */
  snapshot(bans: readonly BanOp[], signer: KeyName = "contentA"): Buffer {
    const issuedAt = Date.now();
    return sealSnapshot(
      {
        position: this.position,
        issuedAt,
        notAfter: issuedAt + DAY_MS,
        groups: grouped(bans),
      },
      signerOf([keys[signer]]),
    ).bytes;
  }

  /** Where it stands now, as the cloud says it or lies about it. */
  at(lies: Partial<Head> = {}): Head {
    const { hash, ...at } = this.position;
    const time = Date.now();
    return { type: "head", ...at, hash: hex(hash), time, ...lies };
  }

  head(signer: KeyName = "head", lies: Partial<Head> = {}): SignedText {
    return signText("head", this.at(lies), [keys[signer]]);
  }

  tail(): FeedPlan {
    return { mode: "tail", feed: this.feed, epoch: this.epoch };
  }

  segmentsFrom(from: number): FeedPlan {
    const { feed, epoch } = this;
    return { mode: "segments", feed, epoch, from, to: this.#offset };
  }

  snapshotPlan(bytes: Uint8Array): FeedPlan {
    const { feed, epoch } = this;
    return {
      mode: "snapshot",
      feed,
      epoch,
      offset: this.#offset,
      sha256: sha256Hex(bytes),
      bytes: bytes.length,
    };
  }
}

const DAY_MS = 86_400_000;

function grouped(bans: readonly BanOp[]): Group[] {
  const groups = new Map<string, Group & { bans: BanOp[] }>();
  for (const ban of [...bans].sort((a, b) => compareCidrs(a.cidr, b.cidr))) {
    const { family, prefix }: { family: Family; prefix: number } = ban.cidr;
    const { observed } = ban;
    const ringed = ban.rings !== undefined;
    const key = `${family}/${prefix} of ${bits(family)} ${observed} ${ringed}`;
    const kind = { family, prefix, observed, ringed };
    const group = groups.get(key) ?? { ...kind, bans: [] };
    group.bans.push(ban);
    groups.set(key, group);
  }
  return [...groups.values()];
}
