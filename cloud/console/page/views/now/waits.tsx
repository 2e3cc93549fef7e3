import type { Answers, Page, Proposal, Status } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { count } from "../../parts/bits.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";

type Rules = Answers["getRules"];

/** Milliseconds. */
const EVERY = 10_000;

/** Nobody counts beyond. */
const MOST = 200;

interface Figure {
  readonly says: string;
  readonly many: string;
  readonly isNone: boolean;
  readonly isLate?: boolean;
  readonly href: string;
}

/** What waits for somebody, each figure a way to it. */
export function Waits() {
  const proposals = useAsked<Page<Proposal>>(
    apiPath("/proposals", { limit: MOST }),
    { every: EVERY, on: ["proposal"] },
  );
  const forVendor = (path: string) => (isVendor.value ? path : undefined);
  const status = useAsked<Status>(forVendor("/status"), {
    ...{ every: EVERY, on: ["contest"] },
  });
  const rules = useAsked<Rules>(forVendor("/rules"), {
    ...{ every: EVERY, on: ["rules"] },
  });
  const figures = [
    ...proposalFigures(proposals.data),
    ...statusFigures(status.data),
    ...alarmFigures(rules.data),
  ];
  return (
    <nav class="waits" aria-label="What waits">
      {figures.map(({ says, many, isNone, isLate = false, href }) => (
        <a key={href} href={href} class={classOf(isNone, isLate)}>
          <strong>{many}</strong> {says}
        </a>
      ))}
    </nav>
  );
}

function classOf(isNone: boolean, isLate: boolean): string {
  if (isNone) return "none";
  return isLate ? "late" : "some";
}

/** Each has its place before its figure is known, and none moves. */
const figure = (
  [one, more]: readonly [string, string],
  many: number | undefined,
  rest: Pick<Figure, "href" | "isLate">,
): Figure => ({
  ...{ says: many === 1 ? one : more, ...rest },
  isNone: many === undefined || many === 0,
  many: many === undefined ? "–" : count(many),
});

const PROPOSALS = ["proposal waits", "proposals wait"] as const;
const CONTESTS = ["contest waits", "contests wait"] as const;
const ALONE = "done by one person, to be reviewed";
const ALARMS = ["alarm of a rule today", "alarms of rules today"] as const;

function proposalFigures(page: Page<Proposal> | undefined): readonly Figure[] {
  const href = to("/proposals");
  const found = figure(PROPOSALS, page?.items.length, { href });
  const isMore = page !== undefined && page.next !== null;
  return [isMore ? { ...found, many: `${found.many}+` } : found];
}

function statusFigures(status: Status | undefined): readonly Figure[] {
  if (!isVendor.value) return [];
  const { contests, brokenGlass } = status ?? {};
  const overdue = contests?.overdue ?? 0;
  return [
    figure(
      overdue > 0
        ? [
            `${CONTESTS[0]}, overdue`,
            `${CONTESTS[1]}, ${count(overdue)} overdue`,
          ]
        : CONTESTS,
      contests?.open,
      { href: to("/contests"), isLate: overdue > 0 },
    ),
    figure([ALONE, ALONE], brokenGlass?.count, {
      href: to("/proposals", { show: "alone" }),
    }),
  ];
}

/** Of the last day. */
const RECENT_MS = 24 * 3_600_000;

function alarmFigures(rules: Rules | undefined): readonly Figure[] {
  if (!isVendor.value) return [];
  const recent = rules?.alarms.filter(
    ({ at }) => Date.now() - Date.parse(at) < RECENT_MS,
  );
  return [
    figure(ALARMS, recent?.length, {
      ...{ href: to("/rules"), isLate: (rules?.reachedSince ?? null) !== null },
    }),
  ];
}
