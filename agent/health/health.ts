import type { ItemOf } from "../protocol/telemetry.js";
import { catalogue, healthCodes, type HealthCode } from "./catalogue.js";

/** What is wrong at a moment, with one line of detail each. */
export type Findings = ReadonlyMap<HealthCode, string>;

/** What was wrong at the last look. */
export type Health = ReadonlyMap<
  HealthCode,
  {
    /** By the clock that never jumps. */
    readonly since: number;
    /** Whether it was told. */
    readonly raised: boolean;
  }
>;

export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly monotonic: number;
}

/** What an earlier life of the agent had raised, and may be over by now. */
export const raisedEarlier = (codes: readonly string[], at: Moment): Health =>
  new Map(
    healthCodes
      .filter((code) => codes.includes(code))
      .map((code) => [code, { since: at.monotonic, raised: true }]),
  );

/** What is to be remembered for `raisedEarlier`. */
export const raisedIn = (health: Health): readonly HealthCode[] =>
  [...health].filter(([, { raised }]) => raised).map(([code]) => code);

/**
 * Compares what is wrong now with what was: a condition is raised once it has
 * lasted as long as the catalogue says, and cleared when it is gone, but only
 * if it had been raised.
 */
export function look(
  health: Health,
  findings: Findings,
  at: Moment,
): { readonly health: Health; readonly items: readonly ItemOf<"health">[] } {
  const next = new Map<HealthCode, { since: number; raised: boolean }>();
  const items: ItemOf<"health">[] = [];
  for (const code of healthCodes) {
    const before = health.get(code);
    const detail = findings.get(code);
    if (detail === undefined) {
      if (before?.raised === true) items.push(itemOf(code, undefined, at));
      continue;
    }
    const since = before?.since ?? at.monotonic;
    const lasted = at.monotonic - since >= catalogue[code].visibleAfterMs;
    const raised = before?.raised === true || lasted;
    if (raised && before?.raised !== true) items.push(itemOf(code, detail, at));
    next.set(code, { since, raised });
  }
  return { health: next, items };
}

/** Something that was over by the time it is told. */
export const happeningItem = (
  code: HealthCode,
  detail: string,
  now: number,
): ItemOf<"health"> => ({
  ...itemOf(code, detail, { now }),
  state: "happened",
});

/** Without a detail, the condition is gone. */
function itemOf(
  code: HealthCode,
  detail: string | undefined,
  { now }: Pick<Moment, "now">,
): ItemOf<"health"> {
  const { severity, text } = catalogue[code];
  return {
    kind: "health",
    time: Math.floor(now),
    code,
    severity,
    state: detail === undefined ? "cleared" : "raised",
    text: detail === undefined ? "over" : oneLine(text(detail)),
  };
}

/** As the protocol has it. */
const LONGEST_TEXT = 256;

function oneLine(text: string): string {
  const shown = text.replaceAll(/\p{Cc}/gu, "?");
  return shown.length > LONGEST_TEXT
    ? `${shown.slice(0, LONGEST_TEXT - 1)}…`
    : shown;
}
