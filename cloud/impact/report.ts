import type { ImpactAnswer } from "../../agent/protocol/messages.js";

/** What a ban would cut, summed over the hosts that said. */
export interface ImpactReport {
  /** Hosts that are connected and follow the feed. */
  readonly asked: number;
  readonly answered: number;
  /** Hosts that would not say, or could not; the others were silent. */
  readonly refused: number;
  /** Hosts with at least one flow that is open now. */
  readonly affected: number;
  /** Hosts with at least one open flow that they began themselves. */
  readonly affectedBegun: number;
  /** Flows that are open now. */
  readonly live: number;
  /** Those of them that hosts began themselves. */
  readonly liveBegun: number;
  /** The largest number of open flows on one host. */
  readonly liveOnOne: number;
  /** Remote addresses that hosts spoke with lately, each host's own counted. */
  readonly recent: number;
  /** Those of them that hosts called themselves. */
  readonly recentBegun: number;
  /** From when on `recent` is complete, everywhere; null without an answer. */
  readonly since: number | null;
  /** Hosts that could not look at all that is open: their flows may be more. */
  readonly partial: number;
}

/** Of so many hosts that were asked, what these have said. */
export function reportOf(
  asked: number,
  said: ReadonlyMap<string, ImpactAnswer>,
): ImpactReport {
  const answers = [...said.values()].filter(
    (it) => it.type === "impact-answer",
  );
  const sum = (of: (answer: (typeof answers)[number]) => number) =>
    answers.reduce((total, answer) => total + of(answer), 0);
  const most = (numbers: readonly number[]) =>
    numbers.reduce((a, b) => Math.max(a, b), 0);
  return {
    asked,
    answered: answers.length,
    refused: said.size - answers.length,
    affected: sum(({ live }) => Number(live > 0)),
    affectedBegun: sum(({ liveBegun }) => Number(liveBegun > 0)),
    live: sum(({ live }) => live),
    liveBegun: sum(({ liveBegun }) => liveBegun),
    liveOnOne: most(answers.map(({ live }) => live)),
    recent: sum(({ recent }) => recent),
    recentBegun: sum(({ recentBegun }) => recentBegun),
    since: answers.length === 0 ? null : most(answers.map((it) => it.since)),
    partial: sum(({ whole }) => Number(!whole)),
  };
}
