import {
  Badge,
  Facts,
  Nothing,
  Panel,
  count,
  counted,
} from "../../parts/bits.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, span } from "../../parts/time.js";
import { to } from "../../router.js";
import { vetoSays } from "./veto-words.js";
import type { Trial } from "./told.js";

/** What rules would have banned, by which evidence. */
export function TrialShown({ trial }: { readonly trial: Trial }) {
  const { since, until, detections, attackers, total, beside } = trial;
  return (
    <Panel title="What it would have done">
      <div class="stack" role="status">
        <Facts
          of={[
            [
              "Looked at",
              <>
                {counted(detections, "detection")} of{" "}
                {counted(attackers, "attacker")}, from{" "}
                <Time at={since} as="date" /> to <Time at={until} as="date" />
              </>,
            ],
            ["Would have banned", counted(total, "time")],
            [
              `Beside version ${beside.version}`,
              `${counted(beside.both, "attacker")} by both, ${count(beside.added)} more, ${count(beside.lost)} no longer`,
            ],
            ...doubtsOf(trial),
          ]}
        />
        <ByRule trial={trial} />
        <ByBan trial={trial} />
      </div>
    </Panel>
  );
}

/** Why the figures are not the whole truth. */
function doubtsOf({
  whole,
  clippedHosts,
  overRate,
}: Trial): readonly (readonly [string, string])[] {
  return [
    ...(whole
      ? []
      : [["Not all", "There was more than one trial looks at."] as const]),
    ...(clippedHosts > 0
      ? [
          [
            "Not all",
            `Of ${counted(clippedHosts, "host")} more was detected than is kept.`,
          ] as const,
        ]
      : []),
    ...(overRate > 0
      ? [
          [
            "Too fast",
            `${counted(overRate, "ban")} would have had to wait for the rate.`,
          ] as const,
        ]
      : []),
  ];
}

const RULES: readonly PlainColumn<Trial["rules"][number]>[] = [
  { head: "Rule", cell: ({ rule }) => rule },
  { ...{ head: "Bans", isNumber: true }, cell: ({ bans }) => count(bans) },
  {
    ...{ head: "Attackers", isNumber: true },
    cell: ({ attackers }) => count(attackers),
  },
  {
    ...{ head: "Before a person", isNumber: true },
    cell: ({ vetoed }) => count(vetoed),
  },
  {
    ...{ head: "Failures kept out", isNumber: true },
    cell: ({ keptOut }) => count(keptOut),
  },
];

function ByRule({ trial: { rules } }: { readonly trial: Trial }) {
  return (
    <PlainTable
      label="By rule"
      columns={RULES}
      rows={rules}
      keyOf={({ rule }) => rule}
    />
  );
}

type TrialBan = Trial["bans"][number];

const BANS: readonly PlainColumn<TrialBan>[] = [
  { head: "When", cell: ({ at }) => <Time at={at} as="date" /> },
  {
    head: "Attacker",
    cell: ({ range }) => <a href={to("/address", { of: range })}>{range}</a>,
  },
  { head: "Rule", cell: ({ rule }) => rule },
  { head: "For", cell: ({ lasts }) => span(lasts * 1_000) },
  { head: "Because", cell: ({ reason }) => reason },
  {
    ...{ head: "Customers", isNumber: true },
    cell: ({ orgs }) => count(orgs),
  },
  { ...{ head: "Hosts", isNumber: true }, cell: ({ hosts }) => count(hosts) },
  {
    ...{ head: "Failures", isNumber: true },
    cell: ({ failures }) => count(failures),
  },
  {
    ...{ head: "Sure", isNumber: true },
    cell: ({ confidence }) => `${Math.round(confidence * 100)} %`,
  },
  { head: "But", cell: butOf },
];

function butOf({ veto, callers }: TrialBan) {
  return (
    <>
      {veto !== null && <Badge tone="warn">{vetoSays(veto)}</Badge>}
      {callers > 0 && (
        <Badge tone="bad">
          {counted(callers, "host called", "hosts called")} it
        </Badge>
      )}
    </>
  );
}

/** Of a thousand, these are enough to judge by. */
const MOST = 200;

function ByBan({ trial: { bans, total } }: { readonly trial: Trial }) {
  if (bans.length === 0) return <Nothing>It would have banned nobody.</Nothing>;
  const rows = bans.slice(0, MOST);
  return (
    <>
      <PlainTable
        label="Whom it would have banned"
        columns={BANS}
        rows={rows}
        keyOf={({ range, at, rule }) => `${rule} ${range} ${at}`}
      />
      {rows.length < total && (
        <p class="faint">
          The first {count(rows.length)} of {count(total)} are shown.
        </p>
      )}
    </>
  );
}
