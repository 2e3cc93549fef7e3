import { rings } from "../../agent/model/rings.js";
import { isDone } from "../decide/effects.js";
import type { BanTold, RingsTold } from "./ask-bans.js";
import { heldLines } from "./told-held.js";
import { counted, few, grouped, untilText } from "./words.js";

type RangeBanned = BanTold["effects"][number];

/** What an order came to, for a person, and as an exit code. */
export interface Told {
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Some of it was not ordered at all, whatever hosts say of the rest. */
  readonly isPartial?: boolean;
  /** What is missing, should it be all or a part. */
  readonly failure:
    { readonly message: string; readonly exitCode: 1 | 3 } | undefined;
}

export function toldBan(answer: BanTold, observe: boolean): Told {
  const { effects, feed, dryRun } = answer;
  const done = effects.filter(({ effect }) => isDone(effect));
  const kept = effects.filter(({ effect }) => effect.startsWith("would-"));
  const held = effects.flatMap(({ range, held: rule }) =>
    rule === null ? [] : [{ range, rule }],
  );
  const lines = effects.flatMap((each) => lineOf(each) ?? []);
  return {
    out: [
      ...summary(answer, done, observe),
      ...(done.length > 0 ? ringLines(answer.rings) : []),
      ...few(lines, MOST_LINES),
    ],
    err: heldLines(held, feed),
    isPartial: kept.length > 0,
    failure: failureOf({
      ...{ all: effects.length, done: done.length, kept: kept.length },
      ...{ held: held.length, dryRun },
    }),
  };
}

function summary(
  { effects, dryRun, ...answer }: BanTold,
  done: readonly RangeBanned[],
  observe: boolean,
): readonly string[] {
  const [first] = done;
  if (first === undefined) return [];
  const what = howMany(done.length, effects.length);
  const verb = observe ? "observed" : "banned";
  const until = untilText(first.until);
  if (dryRun) {
    const would = observe ? "observe" : "ban";
    return [
      `would ${would} ${what} in ${answer.feed} ${until}; nothing was done`,
    ];
  }
  return [`${verb} ${what} ${placeText(answer)} ${until}`];
}

export const ringLines = (times: RingsTold | null): readonly string[] =>
  times === null
    ? []
    : rings.map((ring) => `  ${ring}: from ${times[ring]} on`);

export const howMany = (done: number, all: number): string =>
  done === all
    ? counted(all, "range")
    : `${grouped(done)} of ${counted(all, "range")}`;

/** "(dec-…, urgent is at 12)". */
export const placeText = (at: {
  readonly decision: string | null;
  readonly feed: string;
  readonly offset: number;
}): string =>
  `(${at.decision ?? "no decision"}, ${at.feed} is at ${at.offset})`;

/** What there is to say of a range beyond that it was ordered. */
function lineOf({ range, effect, before }: RangeBanned): string | undefined {
  if (effect === "unchecked") {
    return `${range}: ordered, though the cloud could not look at what was banned before`;
  }
  if (before === null || effect === "new") return undefined;
  const was = untilText(before.until);
  const verb = before.observed ? "observed" : "banned";
  const by = `${verb} ${was} (${before.decision})`;
  return `${range}: ${
    {
      extended: `extended; it was ${verb} ${was}`,
      enforced: `enforced from now on; it was only observed, ${was}`,
      shortened: `shortened; it was ${verb} ${was}`,
      weakened: `only observed from now on; it was enforced ${was}`,
      unchanged: `unchanged; ${by} already`,
      "would-shorten": `not changed; it is ${by}, and would end sooner. --replace shortens it`,
      "would-weaken": `not changed; it is ${by}, and would only be observed. --replace weakens it`,
    }[effect]
  }`;
}

/** More lines than these hide what matters. */
const MOST_LINES = 20;

export function failureOf(of: {
  readonly all: number;
  readonly done: number;
  readonly kept: number;
  readonly held: number;
  readonly dryRun: boolean;
}): Told["failure"] {
  const { all, done, kept, held, dryRun } = of;
  if (done === 0) {
    const message = dryRun ? "nothing would change" : "nothing changed";
    return { message, exitCode: 1 };
  }
  const parts = [
    ...(kept > 0 ? [`${counted(kept, "range")} not changed`] : []),
    ...(held > 0
      ? [`${grouped(held)} of ${counted(all, "range")} held by default hosts`]
      : []),
  ];
  if (parts.length === 0) return undefined;
  return { message: `done in part: ${parts.join(", ")}`, exitCode: 3 };
}
