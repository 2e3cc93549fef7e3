import { carriesOut } from "../coverage/tally.js";
import type { Absence } from "../receipts/host-outcome.js";
import type {
  CoverageItem,
  CoverageTold,
  HostCovered,
} from "./ask-coverage.js";
import { csv } from "./csv.js";
import { whatOf } from "./decisions-command.js";
import { table } from "./tables.js";
import { byNeed, resultText } from "./told-hosts.js";
import { counted, grouped, momentOf, spanText } from "./words.js";

/** The newest decisions, one line each. */
export const coverageTable = (
  items: readonly CoverageItem[],
  now: number,
): string =>
  table(
    ["decision", "age", "what", "feed", "holding", "missing", "p50", "max"],
    items.map((item) => {
      const { decision: it, missing, times, over } = item;
      const age = spanText(now - Date.parse(it.decidedAt));
      const what = `${it.action} ${whatOf(it)}`;
      return [
        ...[it.decision, age, what, it.feed, shareText(item)],
        ...[
          over ?? grouped(missing),
          tookText(times?.p50),
          tookText(times?.max),
        ],
      ];
    }),
  );

/** "999/1,000", "997/1,000, 2 in part". */
export const shareText = ({
  holding,
  inPart,
  must,
}: Pick<CoverageItem, "holding" | "inPart" | "must">): string =>
  `${grouped(holding)}/${grouped(must)}` +
  (inPart > 0 ? `, ${grouped(inPart)} in part` : "");

/** Who must hold a decision, who does, and what of whom is missing. */
export function coverageLines(
  { coverage, hosts }: CoverageTold,
  isWhole: boolean,
  now: number,
): readonly string[] {
  const { decision, orgs, over } = coverage;
  const missing = hosts.filter(({ missing }) => missing !== null);
  const rows = [...hosts].sort(byNeed);
  const most = isWhole ? rows.length : MOST_ROWS;
  const left = rows.length - most;
  return [
    `${decision.decision}: ${decision.action} ${whatOf(decision)} in ${decision.feed}, ${momentOf(decision.decidedAt)}`,
    ...(over === null ? [] : [OVER[over]]),
    ...sumLines(coverage),
    ...missingLines(missing, now),
    ...(orgs.length > 1 ? [orgTable(orgs)] : []),
    ...(rows.length === 0
      ? []
      : [hostTable(rows.slice(0, most), coverage, now)]),
    ...(left > 0 ? [`… and ${grouped(left)} more; --all shows them`] : []),
  ];
}

const MOST_ROWS = 50;

const OVER: Readonly<Record<NonNullable<CoverageItem["over"]>, string>> = {
  expired: "its bans have expired: nobody holds them any more",
  gone: "other decisions took it back, or put something else in its place",
  "new-epoch": "its feed was begun anew since: nobody holds it any more",
};

function sumLines(coverage: CoverageItem): readonly string[] {
  const { must, holding, inPart, proven, late, revoked, times } = coverage;
  if (must === 0 && late.must === 0) {
    return ["no host has to hold it"];
  }
  const beside = [
    ...(inPart > 0 ? [`held in part by ${counted(inPart, "host")}`] : []),
    ...(late.must > 0
      ? [
          `${counted(late.must, "host")} came later: ${grouped(late.holding)} of them hold it`,
        ]
      : []),
    ...(revoked > 0
      ? [`${counted(revoked, "host")} of then revoked since`]
      : []),
  ];
  const took =
    times === null
      ? "nobody has proved anything"
      : `proved after: p50 ${tookText(times.p50)}, p90 ${tookText(times.p90)}, p99 ${tookText(times.p99)}, max ${tookText(times.max)}`;
  return [
    `held by ${grouped(holding)} of ${counted(must, "host")}${percentText(coverage)}: ${grouped(proven)} proven, ${grouped(holding - proven)} inferred`,
    ...beside,
    took,
  ];
}

const percentText = ({ holding, must }: CoverageItem): string =>
  must === 0 ? "" : ` (${percent(holding / must)})`;

/** Never rounded up to all of them. */
const percent = (share: number): string =>
  `${String(Math.floor(share * 1_000) / 10)} %`;

function missingLines(
  missing: readonly HostCovered[],
  now: number,
): readonly string[] {
  if (missing.length === 0) return [];
  const named = missing
    .slice(0, MOST_NAMED)
    .map((host) => `${host.hostname} (${host.org}; ${missingText(host, now)})`);
  const rest = missing.length - named.length;
  const more = rest > 0 ? ` and ${grouped(rest)} more` : "";
  return [`missing: ${named.join(", ")}${more}`];
}

const MOST_NAMED = 10;

const missingText = (
  { missing, missingSince, offlineSince }: HostCovered,
  now: number,
): string => {
  if (missing === null) return "";
  const isNew = missing === "offline" && offlineSince === null;
  const word = isNew ? "never seen, enrolled" : MISSING[missing];
  const since = missingSince ?? "";
  return `${word} for ${spanText(now - Date.parse(since))}, since ${momentOf(since)}`;
};

const MISSING: Readonly<Record<Absence, string>> = {
  offline: "offline",
  behind: "connected, and behind with the feed",
  silent: "connected, and silent",
};

const orgTable = (orgs: CoverageItem["orgs"]): string =>
  table(
    ["org", "holding", "missing"],
    orgs.map((each) => [each.org, shareText(each), grouped(each.missing)]),
  );

const hostTable = (
  hosts: readonly HostCovered[],
  { decision }: CoverageItem,
  now: number,
): string =>
  table(
    ["host", "org", "result", "after", "sure"],
    hosts.map((host) => {
      const { hostname, org, late, sure } = host;
      const result = resultText(host, decision, now);
      const came = late ? "; came later" : "";
      const took = tookText(provedMs(host, decision.decidedAt));
      return [hostname, org, result + came, took, sure ?? ""];
    }),
  );

/** Of hosts that came later it would say nothing. */
function provedMs(
  { late, provedAt }: HostCovered,
  decidedAt: string,
): number | undefined {
  if (late || provedAt === null) return undefined;
  return Date.parse(provedAt) - Date.parse(decidedAt);
}

/** "12 ms", "3.4 s", "5 min". */
export function tookText(ms: number | undefined): string {
  if (ms === undefined) return "";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : spanText(ms);
}

/** One row a decision. */
export const coverageCsv = (items: readonly CoverageItem[]): string =>
  csv(
    [
      ...["decision", "decided_at", "action", "feed", "by", "ranges"],
      ...["must", "holding", "in_part", "proven", "missing", "late_must"],
      ...["late_holding", "revoked", "p50_ms", "p90_ms", "p99_ms"],
      ...["max_ms", "over"],
    ],
    items.map(({ decision: it, late, times, ...sum }) => [
      ...[it.decision, it.decidedAt, it.action, it.feed, it.by, it.ranges],
      ...[
        sum.must,
        sum.holding,
        sum.inPart,
        sum.proven,
        sum.missing,
        late.must,
      ],
      ...[late.holding, sum.revoked, times?.p50 ?? null, times?.p90 ?? null],
      ...[times?.p99 ?? null, times?.max ?? null, sum.over],
    ]),
  );

/** One row a host. */
export const hostsCsv = ({ coverage, hosts }: CoverageTold): string => {
  const { decision, decidedAt } = coverage.decision;
  return csv(
    [
      ...["decision", "agent", "hostname", "org", "holds", "state", "sure"],
      ...["late", "proved_at", "proved_ms", "enforced_ms", "missing"],
      ...["missing_since", "held", "detail"],
    ],
    hosts.map((host) => [
      ...[decision, host.agent, host.hostname, host.org],
      ...[carriesOut(host.state, coverage.decision), host.state, host.sure],
      ...[host.late, host.provedAt, provedMs(host, decidedAt) ?? null],
      ...[host.enforcedMs, host.missing, host.missingSince],
      ...[heldText(host.held), host.detail],
    ]),
  );
};

const heldText = (held: HostCovered["held"]): string =>
  Object.entries(held)
    .map(([rule, count]) => `${rule}=${count}`)
    .join(" ");
