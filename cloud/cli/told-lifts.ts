import { MOST_INSIDE } from "../decide/effects.js";
import type { LiftTold } from "./ask-bans.js";
import { placeText, type Told } from "./told-bans.js";
import { counted, few, grouped, untilText } from "./words.js";

type RangeLifted = LiftTold["effects"][number];

/** What an order to lift came to: also what bans the ranges all the same. */
export function toldLift(answer: LiftTold): Told {
  const { effects, decisions, feed, dryRun, allFeeds } = answer;
  const lifted = effects.filter(isLifted);
  const free = lifted.filter(({ stillBy }) =>
    stillBy.every(({ observed }) => observed),
  );
  const lines = effects.flatMap((each) => linesOf(each, { feed, allFeeds }));
  const what = howMany(lifted, effects.length);
  const done = dryRun
    ? [`would lift ${what}; nothing was done`]
    : decisions.map(
        (each) => `lifted ${countIn(each.feed, effects)} ${placeText(each)}`,
      );
  return {
    out: [...(lifted.length > 0 ? done : []), ...few(lines, MOST_LINES)],
    err: [],
    isPartial: free.length < effects.length,
    failure: failureOf(effects.length, lifted.length, free.length, dryRun),
  };
}

const isLifted = ({ lifted, unchecked }: RangeLifted): boolean =>
  unchecked || Object.keys(lifted).length > 0;

const howMany = (lifted: readonly RangeLifted[], all: number): string =>
  lifted.length === all
    ? counted(all, "range")
    : `${grouped(lifted.length)} of ${counted(all, "range")}`;

/** Bans that were lifted in a feed: with those within, more than ranges named. */
const countIn = (feed: string, effects: readonly RangeLifted[]): string =>
  counted(
    effects.reduce((sum, { lifted }) => sum + (lifted[feed] ?? 0), 0),
    "range",
  );

function linesOf(
  each: RangeLifted,
  { feed, allFeeds }: { readonly feed: string; readonly allFeeds: boolean },
): readonly string[] {
  const { range, inside, stillBy, unchecked } = each;
  if (unchecked) {
    return [
      `${range}: lifted, though the cloud could not look at what was banned`,
    ];
  }
  const where = allFeeds ? "any feed" : feed;
  const nothing = isLifted(each) ? [] : [`not banned in ${where}`];
  const still = stillBy.map((by) => {
    const verb = by.observed ? "still observed" : "still banned";
    const as = by.range === range ? "" : ` by ${by.range}`;
    const advice =
      by.feed === feed || allFeeds
        ? ""
        : `; --feed ${by.feed} or --all-feeds lifts it`;
    const own = by.range === range ? advice : "";
    return `${verb}${as} of ${by.feed} ${untilText(by.until)} (${by.decision})${own}`;
  });
  const many = inside >= MOST_INSIDE ? `at least ${grouped(inside)}` : inside;
  const within =
    inside === 0
      ? []
      : [
          `${many} ${inside === 1 ? "ban lies" : "bans lie"} within it, and ${inside === 1 ? "stays" : "stay"}; --within lifts ${inside === 1 ? "it" : "them"}`,
        ];
  const said = [...nothing, ...still, ...within];
  return said.length === 0 ? [] : [`${range}: ${said.join("; ")}`];
}

const MOST_LINES = 20;

function failureOf(
  all: number,
  lifted: number,
  free: number,
  dryRun: boolean,
): Told["failure"] {
  if (lifted === 0) {
    const message = dryRun ? "nothing would be lifted" : "nothing was lifted";
    return { message, exitCode: 1 };
  }
  const parts = [
    ...(lifted < all ? [`${counted(all - lifted, "range")} not lifted`] : []),
    ...(free < lifted
      ? [`${counted(lifted - free, "range")} still banned`]
      : []),
  ];
  if (parts.length === 0) return undefined;
  return { message: `done in part: ${parts.join(", ")}`, exitCode: 3 };
}
