import * as v from "valibot";
import { ONE_LINE } from "../../agent/text/shown.js";
import {
  LONGEST_WINDOW_MS,
  NOT_SPREAD,
  SUREST,
  type Rule,
} from "./rule-set.js";

/** What a file of rules may say. */

const MOST_RULES = 64;

const DAY_S = 86_400;
const UNITS = { s: 1, m: 60, h: 3_600, d: DAY_S } as const;

const whole = (least: number, most: number) =>
  v.pipe(
    v.number("is not a whole number"),
    v.integer("is not a whole number"),
    v.minValue(least, `is less than ${least}`),
    v.maxValue(most, `is more than ${most}`),
  );

/** Seconds, from such as "30s", "10m", "4h", "7d". */
const span = (leastS: number, mostS: number, most: string) =>
  v.pipe(
    v.string('is no duration, such as "10m", "4h" or "7d"'),
    v.regex(/^\d{1,9}[smhd]$/, 'is no duration, such as "10m", "4h" or "7d"'),
    v.transform((text) => {
      const unit = text.slice(-1) as keyof typeof UNITS;
      return Number(text.slice(0, -1)) * UNITS[unit];
    }),
    v.minValue(leastS, `is less than ${leastS}s`),
    v.maxValue(mostS, `is longer than ${most}`),
  );

const Window = span(1, LONGEST_WINDOW_MS / 1_000, "7d");
const Memory = span(60, 365 * DAY_S, "365d");
const Lasting = span(60, 365 * DAY_S, "365d");

const text = (most: number) =>
  v.pipe(
    v.string("is no text"),
    v.minLength(1, "is empty"),
    v.maxLength(most, `has more than ${most} characters`),
    v.regex(ONE_LINE, "may hold no control characters"),
  );

const names = (most: number) =>
  v.pipe(
    v.array(text(128), "is no list of names"),
    v.minLength(1, "is empty"),
    v.maxLength(most, `has more than ${most} names`),
  );

const Name = v.pipe(
  v.string("is no name"),
  v.regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    "is no name: 1 to 32 of a-z, 0-9 and -, a letter first",
  ),
);

const Sees = v.strictObject({
  sensors: v.optional(names(16)),
  lists: v.optional(names(16)),
  bannedBefore: v.optional(
    v.strictObject({ times: whole(1, 1_000), within: Memory }),
  ),
});

const Needs = v.pipe(
  v.strictObject({
    weight: v.optional(
      v.pipe(
        v.number("is no number"),
        v.minValue(0.1, "is less than 0.1"),
        v.maxValue(1_000, "is more than 1000"),
      ),
    ),
    orgs: v.optional(whole(1, 1_000)),
    hosts: v.optional(whole(1, 100_000)),
    failures: v.optional(whole(1, 1_000_000_000)),
    spread: v.optional(
      v.pipe(
        v.strictObject({ active: whole(1, 288), of: whole(2, 288) }),
        v.check(
          ({ active, of }) => active <= of,
          "wants more active parts than there are",
        ),
      ),
    ),
  }),
  v.check((needs) => Object.keys(needs).length > 0, "says nothing"),
);

const Ban = v.strictObject({
  for: Lasting,
  feed: v.optional(
    v.literal("urgent", 'is no feed that rules ban in: that is "urgent"'),
    "urgent",
  ),
  growing: v.optional(
    v.strictObject({
      factor: v.pipe(
        v.number("is no number"),
        v.minValue(1.1, "is less than 1.1"),
        v.maxValue(100, "is more than 100"),
      ),
      upTo: Lasting,
      within: v.optional(Memory, "30d"),
    }),
  ),
});

const RuleShape = v.pipe(
  v.strictObject({
    name: Name,
    why: v.optional(text(200)),
    sees: v.optional(Sees, {}),
    within: Window,
    counts: v.optional(
      v.picklist(["orgs", "every-host"], 'is neither "orgs" nor "every-host"'),
      "orgs",
    ),
    needs: Needs,
    ban: Ban,
    confidence: v.optional(
      v.pipe(
        v.number("is no number from 0 to 1"),
        v.minValue(0, "is no number from 0 to 1"),
        v.maxValue(1, "is no number from 0 to 1"),
      ),
      SUREST,
    ),
  }),
  v.forward(
    v.check(
      ({ counts, needs }) =>
        counts === "every-host" ||
        (needs.weight ?? 0) > 1 ||
        (needs.orgs ?? 0) >= 2,
      'lets one org alone ban for everybody: it wants "orgs" of 2 or more, a "weight" above 1, or "counts: every-host" of the rule',
    ),
    ["needs"],
  ),
  v.forward(
    v.check(
      ({ counts, needs }) =>
        counts === "orgs" ||
        (needs.weight === undefined && needs.orgs === undefined),
      'asks for orgs, which "counts: every-host" does not tell apart',
    ),
    ["needs"],
  ),
  v.forward(
    v.check(
      ({ ban }) => ban.growing === undefined || ban.growing.upTo >= ban.for,
      'has a ceiling below "for"',
    ),
    ["ban"],
  ),
  v.transform(ruleOf),
);

/** The whole of a file. */
export const RulesFile = v.strictObject({
  version: v.literal(1, "is not 1"),
  rules: v.pipe(
    v.array(RuleShape, "is no list of rules"),
    v.maxLength(MOST_RULES, `has more than ${MOST_RULES} rules`),
  ),
});

interface Said {
  readonly name: string;
  readonly why?: string | undefined;
  readonly sees: v.InferOutput<typeof Sees>;
  readonly within: number;
  readonly counts: Rule["counts"];
  readonly needs: v.InferOutput<typeof Needs>;
  readonly ban: v.InferOutput<typeof Ban>;
  readonly confidence: number;
}

function ruleOf(said: Said): Rule {
  const { name, why = "", sees, within, counts, needs, ban, confidence } = said;
  const { weight = 0, orgs = 0, hosts = 0, failures = 0 } = needs;
  const { bannedBefore: before } = sees;
  const { growing } = ban;
  return {
    ...{ name, why, counts, confidence, windowMs: within * 1_000 },
    sees: {
      ...{ sensors: sees.sensors, lists: sees.lists },
      bannedBefore: before && {
        times: before.times,
        withinMs: before.within * 1_000,
      },
    },
    needs: {
      ...{ weight, orgs, hosts, failures },
      spread: needs.spread ?? NOT_SPREAD,
    },
    ban: {
      forS: ban.for,
      growing: growing && {
        factor: growing.factor,
        upToS: growing.upTo,
        withinMs: growing.within * 1_000,
      },
    },
  };
}
