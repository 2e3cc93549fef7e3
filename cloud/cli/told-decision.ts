import type { DecisionTold } from "./ask-decisions.js";
import { VENDOR, whatOf } from "./decisions-command.js";
import { dateOf, table } from "./tables.js";
import { percent } from "./told-rules.js";
import { counted, cutText, momentOf, untilText } from "./words.js";

/** One decision: by whom and why, on which evidence, and what came of it. */
export function toldDecision({
  decision: entry,
  detections,
  hosts,
}: DecisionTold): readonly string[] {
  const { decision, action, feed, by, decidedAt, reason, until } = entry;
  const ends = until === null ? "" : ` ${untilText(until)}`;
  const shown = detections.slice(0, MOST_SHOWN);
  const cut = cutText(shown.length, detections.length, "--json");
  return [
    `${decision}: ${action} ${whatOf(entry)} in ${feed}${ends}`,
    `by ${by ?? VENDOR}${rulesText(entry)}, ${dateOf(decidedAt)}`,
    `why: ${reason === "" ? "nothing was said" : reason}`,
    ...(entry.confidence === null
      ? []
      : [`sure: ${percent(entry.confidence)}`]),
    ...(detections.length === 0 ? evidenceLines(entry) : []),
    ...(shown.length === 0 ? [] : [evidenceTable(shown)]),
    ...(cut === undefined ? [] : [cut]),
    `hosts: ${hostsText(hosts)}`,
  ];
}

type Entry = DecisionTold["decision"];

const rulesText = ({ by, rules, confidence }: Entry): string => {
  if (by?.startsWith("rule:") !== true || confidence === null) return "";
  return rules === null
    ? " (of the built-in rules)"
    : ` (of version ${rules} of the rules)`;
};

/** Detections are kept for a while, and what was decided on them for ever. */
const evidenceLines = ({ evidence }: Entry): readonly string[] =>
  evidence.length === 0
    ? []
    : [
        `evidence: ${counted(evidence.length, "observation")} (${evidence.join(", ")}), of which nothing is kept any more`,
      ];

const evidenceTable = (detections: DecisionTold["detections"]): string =>
  table(
    ["evidence", "when", "org", "agent", "sensor", "source", "failures"],
    detections.map((each) => [
      ...[each.seq, momentOf(each.time), each.org, each.agent],
      ...[each.sensor, each.source, each.count],
    ]),
  );

function hostsText(hosts: DecisionTold["hosts"]): string {
  if (hosts.length === 0) return "none that it is for";
  const counts = new Map<string, number>();
  for (const { state } of hosts) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}

/** Of hosts that saw it; --json has all. */
const MOST_SHOWN = 50;
