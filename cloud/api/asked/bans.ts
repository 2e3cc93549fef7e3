import * as v from "valibot";
import {
  InvalidCidr,
  formatCidr,
  parseCidr,
} from "../../../agent/model/cidr.js";
import { isFeedName, type FeedName } from "../../../agent/model/position.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import type {
  Browse,
  BrowsePlace,
  ListedBan,
  Start,
} from "../../feeds/catalogue/browsing.js";
import type { BANS } from "../../query/lists/bans.js";
import type { FieldsOf, Query } from "../../query/query.js";
import { GivenUp } from "../../rate/turns.js";
import { CloudFeed, Range } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem, type ApiProblem } from "../problem.js";
import { Whole } from "../table/answer.js";
import { said } from "../table/said.js";

/** The orders of bans, as they are asked for. */
export const sortNames = ["place", "until", "newest", "range"] as const;
export type SortName = (typeof sortNames)[number];

/** Where a page begins, in any order. */
export const Place = v.object({
  ...{ feed: CloudFeed, range: Range },
  until: v.optional(Whole, 0),
  decision: v.optional(Whole, 0),
});

type Jump = Exclude<
  Start,
  { readonly at: number } | { readonly from: unknown }
>;

/** What a window may begin at, however many rows stand before it. */
export const JumpTo = v.pipe(
  v.string(),
  said(v.maxLength<string, number, string>(64, "is too long"), {
    ...{ maxLength: 64, examples: ["203.0.113.7", "2026-11-28T14:00:00Z"] },
    description: "An address, a range, a time, or a feed, as the order has it",
  }),
  v.rawTransform<string, Jump>(({ dataset, addIssue, NEVER }) => {
    const jump = jumpIn(dataset.value.trim());
    if (jump !== undefined) return jump;
    addIssue({
      message: `"${dataset.value}" is no address, no time such as 2026-11-28T14:00:00Z and no feed`,
    });
    return NEVER;
  }),
);

function jumpIn(text: string): Jump | undefined {
  if (isFeedName(text)) return { toFeed: text };
  if (v.is(TIME, text)) return { toTime: Date.parse(text) };
  try {
    return { toRange: parseCidr(text) };
  } catch (error) {
    if (!(error instanceof InvalidCidr)) throw error;
    return undefined;
  }
}

const TIME = v.pipe(v.string(), v.isoTimestamp());

/** What is asked of bans, beside how many. */
export interface BansAsked {
  readonly range?: Browse["range"];
  readonly q?: Query<FieldsOf<typeof BANS>> | undefined;
  readonly sort?: SortName | undefined;
  readonly desc?: boolean | undefined;
  readonly at?: number | undefined;
  readonly to?: Jump | undefined;
  readonly cursor?: v.InferOutput<typeof Place> | undefined;
}

/** @throws ApiProblem when a window is to begin at two places, or at none there is */
export function bansAsked(
  { range, q, sort = "place", desc = false, ...start }: BansAsked,
  feeds: readonly FeedName[] | undefined,
): Omit<Browse, "limit" | "now"> {
  const isNewest = sort === "newest";
  return {
    ...{ feeds, range, terms: q?.terms.length === 0 ? undefined : q?.terms },
    sort: isNewest ? "since" : sort,
    descending: desc !== isNewest,
    start: startOf(start, sort),
  };
}

function startOf({ at, to, cursor }: BansAsked, sort: SortName): Start {
  const given = Object.entries({ at, to, cursor }).filter(
    ([, each]) => each !== undefined,
  );
  const [, second] = given;
  if (second !== undefined) {
    throw wrong(second[0], `${given[0]?.[0]} says already where it begins`);
  }
  if (cursor !== undefined) {
    const { range, ...place } = cursor;
    return { from: { ...place, cidr: range } };
  }
  if (to === undefined) return { at: at ?? 0 };
  const takes = TAKES[sort];
  if (takes.key in to) return to;
  throw wrong("to", `by ${sort}, ${takes.says} is expected`);
}

const TIMES = { key: "toTime", says: "a time" } as const;
const TAKES: Readonly<
  Record<SortName, { readonly key: string; readonly says: string }>
> = {
  place: { key: "toFeed", says: "a feed" },
  range: { key: "toRange", says: "an address" },
  ...{ until: TIMES, newest: TIMES },
};

const wrong = (field: string, message: string): ApiProblem =>
  problem(400, "invalid", {
    ...{ field, value: undefined },
    message: `${field}: ${message}`,
  });

/** A window of bans, as it is told. */
export interface Window {
  readonly bans: readonly ListedBan[];
  readonly from: number;
  readonly total: number;
  readonly scanned: number;
  readonly next: BrowsePlace | undefined;
}

type PlaceTold = Omit<BrowsePlace, "cidr"> & { readonly range: string };

/**
 * @param gone aborted once nobody waits for it any more
 * @throws ApiProblem while there are too many bans
 */
export async function windowOf(
  asked: Omit<Browse, "now">,
  { state, clock }: Pick<OperatorApiPorts, "state" | "clock">,
  gone: AbortSignal,
): Promise<Window> {
  const now = unixSeconds(clock.now());
  const window = await state
    .browse({ ...asked, now }, gone)
    .catch((error: unknown) => {
      throw gone.aborted ? new GivenUp() : error;
    });
  if (window === undefined) throw tooMany();
  const { bans, from, found, isWhole, looked, of, next } = window;
  return {
    ...{ bans, from, total: found },
    // How many bans others have is not told: it is a share.
    scanned: isWhole || of === 0 ? 1 : Math.min(0.999, looked / of),
    next,
  };
}

/** As a cursor has it. */
export const placeTold = ({ cidr, ...place }: BrowsePlace): PlaceTold => ({
  ...{ ...place, range: formatCidr(cidr) },
});

const tooMany = (): ApiProblem =>
  problem(409, "too-many-bans", {
    ...{ field: "", value: undefined },
    message:
      "there are more bans than are kept for this: ask without q, sort, desc, at and to",
  });
