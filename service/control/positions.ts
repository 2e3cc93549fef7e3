import * as v from "valibot";
import type { AgentView } from "../../agent/agent.js";
import { hashToHex } from "../../agent/model/position.js";
import {
  Count,
  Epoch,
  Feed,
  Sha256,
  shortText,
} from "../../agent/protocol/shapes.js";
import { isoTime } from "../../agent/text/time.js";

const Place = v.strictObject({ epoch: Epoch, offset: Count, hash: Sha256 });

/** Where a feed stands, or stood: an epoch, an op's number, a segment's hash. */
export type Place = v.InferOutput<typeof Place>;

/** What `tourniquet verify --json` prints, and `--with` reads of another host. */
export const Positions = v.strictObject({
  root: v.strictObject({ version: Count, fingerprint: Sha256 }),
  feeds: v.pipe(
    v.array(
      v.strictObject({
        feed: Feed,
        /** Null while the host has nothing of the feed. */
        position: v.nullable(Place),
        /** The newest head that was believed, and its date in ISO 8601. */
        head: v.nullable(
          v.strictObject({ ...Place.entries, time: shortText(32) }),
        ),
        /** What was seen since the agent's start, oldest first. */
        seen: v.pipe(v.array(Place), v.maxLength(1_024)),
      }),
    ),
    v.maxLength(64),
  ),
});
export type Positions = v.InferOutput<typeof Positions>;

/** Two hosts, or a host and its cloud, where they were not shown the same. */
export interface Divergence {
  readonly epoch: string;
  readonly offset: number;
  readonly here: string;
  readonly there: string;
}

export function positionsOf({
  ledger,
  trust,
}: Pick<AgentView, "ledger" | "trust">): Positions {
  const { document, fingerprint } = trust.roots.current;
  return {
    root: { version: document.version, fingerprint },
    feeds: trust.heads.sights().map(({ feed, head, seen }) => {
      const at = ledger.position(feed);
      return {
        feed,
        position: at
          ? {
              epoch: at.epoch,
              offset: at.offset,
              hash: hashToHex(at.hash),
            }
          : null,
        head: head
          ? {
              epoch: head.epoch,
              offset: head.offset,
              hash: head.hash,
              time: isoTime(head.time),
            }
          : null,
        seen: [...seen],
      };
    }),
  };
}

/** The first place of which the two do not say the same. */
export function firstDivergence(
  here: readonly Place[],
  there: readonly Place[],
): Divergence | undefined {
  const known = new Map(there.map((each) => [placeOf(each), each.hash]));
  const [first] = here
    .flatMap(({ epoch, offset, hash }) => {
      const other = known.get(placeOf({ epoch, offset }));
      if (other === undefined || other === hash) return [];
      return { epoch, offset, here: hash, there: other };
    })
    .sort((a, b) => a.offset - b.offset);
  return first;
}

const placeOf = ({ epoch, offset }: Pick<Place, "epoch" | "offset">) =>
  `${epoch}/${offset}`;
