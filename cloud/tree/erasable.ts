import type { Op } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import {
  openSegment,
  readOps,
  type Segment,
} from "../../agent/protocol/segment.js";
import { isoTime } from "../../agent/text/time.js";
import type { Database, Statement } from "../journal/database.js";
import type { SegmentSealed } from "../journal/decision-events.js";

/** It has to stay, and why. */
export class MustStay extends Error {
  override readonly name = "MustStay";
}

interface Row {
  readonly seq: number;
  readonly body: string | null;
  readonly bytes: Buffer | null;
}

interface Bytes {
  readonly bytes: Buffer;
}

/** A segment, and the epoch that it is in. */
interface Place {
  readonly seq: number;
  readonly feed: string;
  readonly epoch: string;
}

/** Judges whether a segment's ops are needed by anybody still. */
export class Erasable {
  readonly #segment: Statement<Row>;
  readonly #epoch: Statement<{ epoch: string }>;
  readonly #earlier: Statement<Bytes>;
  readonly #later: Statement<Bytes>;

  constructor(decisions: Database) {
    this.#segment = decisions.prepare(
      "SELECT seq, body, bytes FROM decisions WHERE seq = ?",
    );
    this.#epoch = decisions.prepare(
      `SELECT body ->> '$.epoch' AS epoch FROM decisions
       WHERE body ->> '$.kind' = 'feed-begun' AND body ->> '$.feed' = ?
       ORDER BY seq DESC LIMIT 1`,
    );
    const others = (which: string) =>
      decisions.prepare<[Place], Bytes>(
        `SELECT bytes FROM decisions
         WHERE bytes IS NOT NULL AND seq ${which} @seq
           AND body ->> '$.kind' = 'segment' AND body ->> '$.feed' = @feed
           AND body ->> '$.epoch' = @epoch ORDER BY seq`,
      );
    this.#earlier = others("<");
    this.#later = others(">");
  }

  /** @throws MustStay unless it is a call: from all else something is folded */
  mustBeCall(seq: number): void {
    const row = this.#segment.get(seq);
    if (row === undefined) throw new MustStay(`there is no event ${seq}`);
    if (row.body === null) throw new MustStay(`event ${seq} is erased already`);
    const { kind } = JSON.parse(row.body) as { readonly kind: string };
    if (kind === "call") return;
    throw new MustStay(
      `event ${seq} is no call but "${kind}": such decisions stay, feeds and people are folded from them`,
    );
  }

  /** @throws MustStay while agents may be sent it, or the feed's bans need it */
  mustBeOver(seq: number, now: number): void {
    const row = this.#segment.get(seq);
    if (row === undefined || row.bytes === null || row.body === null)
      throw new MustStay(`event ${seq} is erased already`);
    const { feed, epoch, notAfter } = JSON.parse(row.body) as SegmentSealed;
    if (notAfter > now) {
      throw new MustStay(
        `agents may be sent its segment until ${isoTime(notAfter)}`,
      );
    }
    // The bans of an epoch that is over are folded by nobody.
    if (this.#epoch.get(feed)?.epoch !== epoch) return;
    const own = openSegment(row.bytes);
    const at = { seq, feed, epoch };
    this.#noBanStands(own, now, at);
    this.#noLiftIsNeeded(own, now, at);
  }

  #noBanStands(own: Segment, now: number, at: Place): void {
    const standing = new Map<string, number>();
    for (const op of readOps(own)) {
      const range = formatCidr(op.cidr);
      if (op.op === "lift") standing.delete(range);
      else if (op.expiresAt * 1000 > now) standing.set(range, op.expiresAt);
    }
    // What comes later on the same range takes its place.
    if (standing.size > 0) {
      for (const { cidr } of opsOf(this.#later.iterate(at))) {
        standing.delete(formatCidr(cidr));
        if (standing.size === 0) break;
      }
    }
    const [first] = standing;
    if (first === undefined) return;
    const [range, expiresAt] = first;
    throw new MustStay(
      `its segment bans ${range} until ${isoTime(expiresAt * 1000)}`,
    );
  }

  /** A ban that was lifted would stand again, were the feed folded without the lift. */
  #noLiftIsNeeded(own: Segment, now: number, at: Place): void {
    const lifts = new Set(
      readOps(own)
        .filter(({ op }) => op === "lift")
        .map(({ cidr }) => formatCidr(cidr)),
    );
    if (lifts.size === 0) return;
    for (const op of opsOf(this.#earlier.iterate(at))) {
      if (op.op === "lift" || op.expiresAt * 1000 <= now) continue;
      const range = formatCidr(op.cidr);
      if (!lifts.has(range)) continue;
      throw new MustStay(
        `its segment lifts ${range}, and the ban before it has not run out`,
      );
    }
  }
}

/** One segment at a time: an epoch has more of them than fit into memory. */
function* opsOf(segments: Iterable<Bytes>): Generator<Op> {
  for (const { bytes } of segments) yield* readOps(openSegment(bytes));
}
