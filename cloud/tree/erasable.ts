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
  readonly body: string;
  readonly bytes: Buffer | null;
}

/** Judges whether a segment's ops are needed by anybody still. */
export class Erasable {
  readonly #segment: Statement<Row>;
  readonly #epoch: Statement<{ epoch: string }>;
  readonly #others: Statement<Row>;

  constructor(decisions: Database) {
    this.#segment = decisions.prepare(
      "SELECT seq, body, bytes FROM decisions WHERE seq = ?",
    );
    this.#epoch = decisions.prepare(
      `SELECT body ->> '$.epoch' AS epoch FROM decisions
       WHERE body ->> '$.kind' = 'feed-begun' AND body ->> '$.feed' = ?
       ORDER BY seq DESC LIMIT 1`,
    );
    this.#others = decisions.prepare(
      `SELECT seq, body, bytes FROM decisions
       WHERE bytes IS NOT NULL AND seq <> @seq
         AND body ->> '$.kind' = 'segment' AND body ->> '$.feed' = @feed
         AND body ->> '$.epoch' = @epoch ORDER BY seq`,
    );
  }

  /** @throws MustStay while agents may be sent it, or the feed's bans need it */
  mustBeOver(seq: number, now: number): void {
    const row = this.#segment.get(seq);
    if (row === undefined || row.bytes === null)
      throw new MustStay(`event ${seq} is erased already`);
    const { feed, epoch, notAfter } = JSON.parse(row.body) as SegmentSealed;
    if (notAfter > now) {
      throw new MustStay(
        `agents may be sent its segment until ${isoTime(notAfter)}`,
      );
    }
    // The bans of an epoch that is over are folded by nobody.
    if (this.#epoch.get(feed)?.epoch !== epoch) return;
    const others = this.#others.all({ seq, feed, epoch });
    const own = openSegment(row.bytes);
    this.#noBanStands(
      own,
      now,
      others.filter((each) => each.seq > seq),
    );
    this.#noLiftIsNeeded(
      own,
      now,
      others.filter((each) => each.seq < seq),
    );
  }

  #noBanStands(own: Segment, now: number, later: readonly Row[]): void {
    const standing = new Map<string, number>();
    for (const op of readOps(own)) {
      const range = formatCidr(op.cidr);
      if (op.op === "lift") standing.delete(range);
      else if (op.expiresAt * 1000 > now) standing.set(range, op.expiresAt);
    }
    // What comes later on the same range takes its place.
    for (const range of rangesOf(later, standing)) standing.delete(range);
    const [first] = standing;
    if (first === undefined) return;
    const [range, expiresAt] = first;
    throw new MustStay(
      `its segment bans ${range} until ${isoTime(expiresAt * 1000)}`,
    );
  }

  /** A ban that was lifted would stand again, were the feed folded without the lift. */
  #noLiftIsNeeded(own: Segment, now: number, earlier: readonly Row[]): void {
    const lifts = new Set(
      readOps(own)
        .filter(({ op }) => op === "lift")
        .map(({ cidr }) => formatCidr(cidr)),
    );
    for (const { bytes } of lifts.size > 0 ? earlier : []) {
      for (const op of readOps(openSegment(bytes ?? Buffer.alloc(0)))) {
        const range = formatCidr(op.cidr);
        if (op.op === "lift" || !lifts.has(range)) continue;
        if (op.expiresAt * 1000 <= now) continue;
        throw new MustStay(
          `its segment lifts ${range}, and the ban before it has not run out`,
        );
      }
    }
  }
}

function* rangesOf(
  rows: readonly Row[],
  wanted: ReadonlyMap<string, unknown>,
): Generator<string> {
  if (wanted.size === 0) return;
  for (const { bytes } of rows) {
    for (const { cidr } of readOps(openSegment(bytes ?? Buffer.alloc(0)))) {
      yield formatCidr(cidr);
    }
  }
}
