import * as v from "valibot";
import type { Caller } from "../../operators/caller.js";
import type { BansBy } from "../../report/decided-in.js";
import { monthAt, monthOf, type Month } from "../../report/month.js";
import type { Report } from "../../report/report.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg } from "../scope.js";
import { answer, route, type Route } from "../table/route.js";
import { said } from "../table/said.js";
import { countriesTold } from "./countries.js";
import { ReportOut } from "./report-shapes.js";

const MonthName = v.pipe(
  v.string(),
  said(v.maxLength<string, number, string>(7, "is no month"), {
    ...{ pattern: "^20\\d\\d-(0[1-9]|1[0-2])$", examples: ["2026-11"] },
    description: "A month of UTC",
  }),
  v.rawTransform<string, Month>(({ dataset, addIssue, NEVER }) => {
    const month = monthOf(dataset.value);
    if (month !== undefined) return month;
    addIssue({ message: `"${dataset.value}" is no month: write 2026-11` });
    return NEVER;
  }),
);

const ReportQuery = v.strictObject({
  /** The one that goes on, unless another is named. */
  month: v.optional(MonthName),
});

type Ports = Pick<
  OperatorApiPorts,
  "reports" | "coverageGate" | "countries" | "registry" | "clock"
>;

/** Months of customers. */
export const reportRoutes = (ports: Ports): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/orgs/{org}/report", tag: "Orgs" },
    operationId: "reportMonth",
    summary: "A month of one customer: attacks, bans, answers, contests, hosts",
    description:
      "What is not kept any more is not told as nothing: see `keptSince`. Who holds what is looked up for a part of the decisions.",
    ...{ allows: "viewer", scope: "own" },
    query: ReportQuery,
    answers: { 200: { description: "As far as it goes", schema: ReportOut } },
    problems: [404, 429],
    handle: async ({ caller, query, params: { org = "" }, context }) => {
      mustBeOwnOrg(caller, org, ports);
      const { clock, countries, registry } = ports;
      const month = query.month ?? thisMonth(clock.now());
      const { signal } = context.req.raw;
      const report = await ports.coverageGate.run(caller, signal, () =>
        ports.reports.of(org, month, signal),
      );
      return answer(200, {
        ...shown(report, ports),
        bans: namedFor(caller, report.bans),
        org: registry.org(org) ?? { id: org, name: org },
        ...{ month: month.name, from: month.from, to: month.to },
        isOver: report.madeAt >= month.to,
        countries: countriesTold(countries),
      });
    },
  }),
];

function thisMonth(now: number): Month {
  const name = monthAt(now);
  return monthOf(name) ?? { name, from: now, to: now, days: 0 };
}

const shown = (
  { attackers: { seen, top }, ...report }: Report,
  { countries }: Ports,
) => ({
  ...report,
  attackers: {
    seen,
    top: top.map((each) => ({ ...each, country: countries.of(each.cidr) })),
  },
});

/** Which lists the vendor keeps in everybody's feeds, its customers are not told. */
function namedFor(
  { org }: Pick<Caller, "org">,
  bans: readonly BansBy[],
): readonly BansBy[] {
  const found = new Map<string, BansBy>();
  for (const each of bans) {
    const isNamed = org === null || each.isOwn || each.by === "rule";
    const name = isNamed ? each.name : null;
    const key = JSON.stringify([each.by, name, each.isOwn, each.observed]);
    const known = found.get(key);
    found.set(key, {
      ...{ ...each, name },
      decisions: each.decisions + (known?.decisions ?? 0),
      ranges: each.ranges + (known?.ranges ?? 0),
    });
  }
  return [...found.values()].slice(0, MOST_KINDS);
}

/** On a page that is printed. */
const MOST_KINDS = 100;
