import * as v from "valibot";
import { hashToHex } from "../../../agent/model/position.js";
import type { OperatorApiPorts } from "../ports.js";
import { mayRead } from "../scope.js";
import { Whole, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** Where a feed stands, and how much it bans. */
export const Feed = v.object({
  feed: v.string(),
  epoch: v.string(),
  offset: Whole,
  /** SHA-256 of its last segment, in hex; zeros before the first. */
  hash: v.string(),
  bans: Whole,
  /** Of the bans: those that are only counted and reported. */
  observed: Whole,
});

/** The feeds that hosts follow. */
export const feedRoutes = ({
  index,
  state,
}: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/feeds", operationId: "listFeeds" },
    ...{ tag: "Bans", summary: "Where feeds stand, and how much they ban" },
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "All of them", schema: pageOf(Feed) } },
    handle: async ({ caller }) => {
      const counts = await state.counts();
      const items = index
        .standings()
        .filter(({ feed }) => mayRead(caller, feed))
        .map(({ feed, epoch, offset, hash }) => ({
          ...{ feed, epoch, offset, hash: hashToHex(hash) },
          ...(counts[feed] ?? { bans: 0, observed: 0 }),
        }));
      return answer(200, { items, next: null });
    },
  }),
];
