import type { WhyTold } from "./ask-coverage.js";
import { VENDOR } from "./decisions-command.js";
import { table } from "./tables.js";
import { percent } from "./told-rules.js";
import { counted, grouped, momentOf, untilText } from "./words.js";

/** Why a range is banned, for a person. */
export function whyLines(why: WhyTold): readonly string[] {
  return [
    headText(why),
    ...why.bans.flatMap(banLines),
    ...(why.total > why.bans.length
      ? [`… and ${grouped(why.total - why.bans.length)} more in it; see bans`]
      : []),
    ...part("lists that name it:", LIST_HEAD, why.lists.map(listRow)),
    ...(why.listsTotal > why.lists.length
      ? [`… and ${grouped(why.listsTotal - why.lists.length)} more`]
      : []),
    ...part("whose packets bans matched:", HIT_HEAD, why.hits.map(hitRow)),
    ...part("what sensors saw of it:", SEEN_HEAD, why.seen.map(seenRow)),
    ...part(
      "guards that hold bans on it:",
      GUARD_HEAD,
      why.guarded.map(guardRow),
    ),
    ...part("contested:", CONTEST_HEAD, why.contests.map(contestRow)),
  ];
}

const headText = ({ range, total }: WhyTold): string =>
  total === 0
    ? `${range} is not banned in any feed, nor is anything in it`
    : `${range}: ${counted(total, "ban")}`;

function banLines(ban: WhyTold["bans"][number]): readonly string[] {
  const { range, feed, until, observed, decision, decidedAt, reason } = ban;
  const manner = observed ? "observed" : "banned";
  const when = decidedAt === null ? "" : `, ${momentOf(decidedAt)}`;
  const by = decidedAt === null ? "" : ` by ${ban.by ?? VENDOR}`;
  return [
    `${range} ${manner} in ${feed} ${untilText(until)}`,
    `  decided${by}${when} (${decision})${evidenceText(ban)}`,
    ...(reason === "" ? [] : [`  reason: ${reason}`]),
    ...holdingLines(ban),
  ];
}

const evidenceText = ({
  evidence,
  confidence,
}: WhyTold["bans"][number]): string =>
  (evidence === 0 ? "" : `, on ${counted(evidence, "report")} of hosts`) +
  (confidence === null ? "" : `, ${percent(confidence)} sure`);

function holdingLines({
  coverage,
  held,
  rings,
}: WhyTold["bans"][number]): readonly string[] {
  const waits =
    rings === null ? [] : [`  in rings; all by ${momentOf(rings.all)}`];
  const rules = held.map(
    ({ rule, hosts }) => `  ${rule} holds it on ${counted(hosts, "host")}`,
  );
  if (coverage === null) return [...waits, ...rules];
  const { holding, inPart, must, missing } = coverage;
  const more = [
    ...(inPart > 0 ? [`in part by ${grouped(inPart)}`] : []),
    ...(missing > 0 ? [`${grouped(missing)} missing`] : []),
  ];
  const share = `${grouped(holding)} of ${counted(must, "host")}`;
  return [`  held by ${[share, ...more].join(", ")}`, ...waits, ...rules];
}

/** Nothing is said of what there is not. */
const part = (
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] => (rows.length === 0 ? [] : [title, table(head, rows)]);

const LIST_HEAD = ["list", "feed", "range", "until"];

const listRow = (named: WhyTold["lists"][number]): readonly string[] => [
  ...[named.list, named.feed, named.range],
  untilText(named.until).replace("until ", ""),
];

const HIT_HEAD = ["org", "packets", "bytes", "observed", "range", "last"];

const hitRow = (hit: WhyTold["hits"][number]): readonly string[] => [
  ...[hit.org, grouped(hit.packets), grouped(hit.bytes)],
  ...[grouped(hit.observed), hit.range, momentOf(hit.lastSeen)],
];

const SEEN_HEAD = ["org", "hosts", "failures", "banned by", "last"];

const seenRow = (seen: WhyTold["seen"][number]): readonly string[] => [
  ...[seen.org, grouped(seen.hosts), grouped(seen.failures)],
  ...[counted(seen.banned, "host"), momentOf(seen.lastSeen)],
];

const GUARD_HEAD = ["org", "rule", "hosts", "last"];

const guardRow = (guard: WhyTold["guarded"][number]): readonly string[] => [
  ...[guard.org, guard.rule, grouped(guard.hosts), momentOf(guard.lastSaid)],
];

const CONTEST_HEAD = ["contest", "opened", "what came of it"];

const contestRow = (it: WhyTold["contests"][number]): readonly string[] => {
  const late = it.isOverdue ? ", overdue" : "";
  const open = `waits until ${momentOf(it.answerBy)}${late}`;
  return [it.contest, momentOf(it.openedAt), it.verdict ?? open];
};
