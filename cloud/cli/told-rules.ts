import type { RulesTold } from "./ask-proposals.js";
import type { ShadowBanItem, TrialItem } from "./ask-rules.js";
import { dateOf, table } from "./tables.js";
import { whyOf } from "./told-proposals.js";
import { counted, few, grouped, spanText } from "./words.js";

/** Which rules decide, which are watched, and what those would have done. */
export function toldRules({
  inForce,
  shadow,
  left,
  maxPerMinute,
}: RulesTold): readonly string[] {
  const rate = `${grouped(Math.max(0, left))} of ${counted(maxPerMinute, "ban")} a minute are left`;
  const lines = [`in force: ${setText(inForce)}; ${rate}`];
  if (shadow === null) return [...lines, "in shadow: none"];
  const head = ["rule", "would have banned", "to a person", "banned anyhow"];
  const counts = new Map(shadow.counts.map((each) => [each.rule, each]));
  const rows = shadow.rules.map((rule) => {
    const { bans = 0, vetoed = 0, stood = 0 } = counts.get(rule) ?? {};
    return [rule, bans, vetoed, stood];
  });
  return [...lines, `in shadow: ${setText(shadow)}`, table(head, rows)];
}

function setText({ version, by, at, rules }: RulesTold["inForce"]): string {
  const who =
    by === null ? "from cloud.json" : `published by ${by}, ${dateOf(at)}`;
  const names = rules.length === 0 ? "no rules" : rules.join(", ");
  return `version ${version} (${who}): ${names}`;
}

export const shadowTable = (bans: readonly ShadowBanItem[]): string =>
  table(
    ["when", "rule", "range", "for", "orgs", "hosts", "sure", "beside"],
    bans.map((each) => [
      ...[dateOf(each.at), each.rule, each.attacker],
      ...[spanText(each.lasts * 1_000), each.orgs, each.hosts],
      percent(each.confidence),
      each.veto ? `a person (${each.veto})` : each.stood ? "banned anyhow" : "",
    ]),
  );

/** What rules would have done in the time before, and to whom. */
export function toldTrial(trial: TrialItem): readonly string[] {
  const { since, until, detections, attackers, total, bans, beside } = trial;
  const hit = bans.filter(({ veto, callers }) => veto !== null || callers > 0);
  return [
    `${counted(detections, "detection")} of ${counted(attackers, "attacker")}, ${dateOf(since)} to ${dateOf(until)}`,
    ...limitLines(trial),
    table(
      ["rule", "bans", "attackers", "to a person", "failures kept out"],
      trial.rules.map((each) => [
        ...[each.rule, each.bans, each.attackers, each.vetoed, each.keptOut],
      ]),
    ),
    `beside version ${beside.version}, which is in force: ${grouped(beside.both)} attackers by both, ${grouped(beside.added)} more, ${grouped(beside.lost)} not any more`,
    ...(total === 0 ? [] : [banTable(bans.slice(0, MOST_ROWS))]),
    ...(total > MOST_ROWS
      ? [`${MOST_ROWS} of ${grouped(total)}; --json tells the first thousand`]
      : []),
    ...(hit.length === 0 ? [] : ["whom it would have hit:"]),
    ...few(hit.map(hitText), MOST_ROWS),
  ];
}

function limitLines({
  whole,
  clippedHosts,
  overRate,
}: TrialItem): readonly string[] {
  return [
    ...(whole ? [] : ["not all of it: that is more than one trial looks at"]),
    ...(clippedHosts > 0
      ? [
          `of ${counted(clippedHosts, "host")} only the newest 10,000 detections are kept`,
        ]
      : []),
    ...(overRate > 0
      ? [`${counted(overRate, "ban")} would have had to wait for the rate`]
      : []),
  ];
}

const banTable = (bans: TrialItem["bans"]): string =>
  table(
    ["when", "rule", "range", "for", "sure", "why"],
    bans.map((each) => [
      ...[dateOf(each.at), each.rule, each.range],
      ...[spanText(each.lasts * 1_000), percent(each.confidence), each.reason],
    ]),
  );

function hitText({ range, veto, callers }: TrialItem["bans"][number]): string {
  const why = [
    ...(veto ? [`a person would decide: ${whyOf(veto)}`] : []),
    ...(callers > 0
      ? [`${counted(callers, "host")} called it of their own`]
      : []),
  ];
  return `  ${range}: ${why.join("; ")}`;
}

export const percent = (part: number): string => `${Math.round(part * 100)} %`;

/** Enough to look through. */
const MOST_ROWS = 20;
