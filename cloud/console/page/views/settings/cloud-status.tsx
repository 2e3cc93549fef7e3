import type { ComponentChildren } from "preact";
import type { Status } from "../../api-types.js";
import {
  Badge,
  Facts,
  Head,
  Nothing,
  Panel,
  Shown,
  count,
  counted,
} from "../../parts/bits.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { size } from "../../parts/size.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { SettingsFrame } from "./frame.js";

/** How the cloud itself is, in words. */
export function CloudStatus() {
  const asked = useAsked<Status>("/status", { every: 3_000 });
  return (
    <SettingsFrame>
      <Head title="This cloud" />
      <Shown asked={asked}>{(status) => <Told status={status} />}</Shown>
    </SettingsFrame>
  );
}

interface StatusProps {
  readonly status: Status;
}

function Told({ status }: StatusProps) {
  return (
    <>
      <Troubles status={status} />
      <div class="panels">
        <Panel title="Its disk">
          <DiskFacts disk={status.disk} />
        </Panel>
        {status.observations.disk !== null && (
          <Panel title="The disk of what hosts say">
            <DiskFacts disk={status.observations.disk} />
          </Panel>
        )}
        <Panel title="What it keeps">
          <Facts of={keptFacts(status)} />
        </Panel>
        <Panel title="Who is connected">
          <Facts of={doorFacts(status)} />
        </Panel>
      </div>
      <Drops status={status} />
    </>
  );
}

/** What somebody has to see to; that there is nothing is told as well. */
function Troubles({ status }: StatusProps) {
  const troubles = troublesOf(status);
  if (troubles.length === 0) {
    return (
      <p>
        <Badge tone="good">well</Badge> Nothing lags, and there is room for
        everything. It runs since <Time at={status.startedAt} as="date" />.
      </p>
    );
  }
  return (
    <ul class="stack-small" role="status">
      {troubles.map(([tone, says], at) => (
        <li key={at}>
          <Badge tone={tone}>{tone === "bad" ? "bad" : "look"}</Badge> {says}
        </li>
      ))}
    </ul>
  );
}

type Trouble = readonly ["bad" | "warn", ComponentChildren];

const troublesOf = (status: Status): readonly Trouble[] => [
  ...lagsOf("what was decided", status.journal),
  ...lagsOf("what hosts say", status.observations),
  ...[status.bansTrouble, status.treeTrouble].flatMap((why): Trouble[] =>
    why === null ? [] : [["bad", why]],
  ),
  ...[status.disk, status.observations.disk].flatMap((disk): Trouble[] =>
    disk === null || disk.state === "roomy"
      ? []
      : [[disk.state === "full" ? "bad" : "warn", DISK[disk.state]]],
  ),
  ...peopleTroubles(status),
];

function lagsOf(
  what: string,
  { laggingSince, laggingWhy }: Status["journal"],
): readonly Trouble[] {
  if (laggingSince === null) return [];
  return [
    [
      "bad",
      <>
        What is told of {what} lags since <Time at={laggingSince} />
        {laggingWhy !== null && `: ${laggingWhy}`}
      </>,
    ],
  ];
}

function peopleTroubles(status: Status): readonly Trouble[] {
  const { contests, brokenGlass, countries, agentsOverTelemetryBudget } =
    status;
  return [
    ...(contests.overdue > 0
      ? [
          [
            "warn",
            <a href={to("/contests", { q: "overdue:yes" })}>
              {counted(contests.overdue, "contest")} without an answer in time
            </a>,
          ] as const,
        ]
      : []),
    ...(brokenGlass.count > 0
      ? [
          [
            "warn",
            `${counted(brokenGlass.count, "order")} that one person gave alone wait for a review`,
          ] as const,
        ]
      : []),
    ...(agentsOverTelemetryBudget > 0
      ? [
          [
            "warn",
            `${counted(agentsOverTelemetryBudget, "host reports", "hosts report")} more than they may`,
          ] as const,
        ]
      : []),
    ...(countries.trouble === null
      ? []
      : [["warn", countries.trouble] as const]),
  ];
}

type Disk = Status["disk"];

const DISK: Readonly<Record<Disk["state"], string>> = {
  roomy: "There is room for everything.",
  "no-telemetry": "There is little room: what hosts see is not taken in.",
  "orders-only": "There is so little room that only orders are taken in.",
  full: "It is full: nothing is taken in, and nobody can order anything.",
};

function DiskFacts({ disk }: { readonly disk: Disk }) {
  return (
    <Facts
      of={[
        ["State", DISK[disk.state]],
        ["Free", size(disk.freeBytes)],
        [
          "Takes what hosts see",
          `down to ${size(disk.telemetryFloorBytes)} free`,
        ],
        ["Takes receipts", `down to ${size(disk.answersFloorBytes)} free`],
        [
          "Reserve for orders",
          `${size(disk.reserveLeftBytes)} of ${size(disk.reserveBytes)}`,
        ],
        ["Folder", <code>{disk.dir}</code>],
      ]}
    />
  );
}

function keptFacts({ journal, observations }: Status) {
  const { bytes, mostBytes, keepDays, receiptsKeepDays, forgotten } =
    observations;
  return [
    ["Decided", `${count(journal.last)} records, kept for ever`],
    [
      "What hosts said",
      `${count(observations.last)} records, ${size(bytes)} of ${size(mostBytes)}`,
    ],
    ["Kept for", `${keepDays} days; receipts for ${receiptsKeepDays}`],
    [
      "Forgotten since the start",
      `${counted(forgotten.reports, "report")}, ${counted(forgotten.evidence, "piece")} of evidence`,
    ],
  ] as const;
}

function doorFacts(status: Status) {
  const { connections, sessions, operators, downloads, countries } = status;
  const { password, passkey, oidc } = operators.signIns;
  return [
    [
      "Hosts",
      `${count(sessions.agents)}, in ${counted(sessions.open, "session")}`,
    ],
    [
      "Connections",
      `${count(connections.open)} of ${count(connections.most)}, ${count(connections.strangers)} by strangers`,
    ],
    ["Downloads", count(downloads)],
    ["People", counted(operators.open, "session")],
    [
      "Signed in since the start",
      `${count(password)} by password, ${count(passkey)} by passkey, ${count(oidc)} by company`,
    ],
    [
      "Turned away",
      `${count(operators.refused)} who were wrong, ${count(operators.tooMany)} who tried too often`,
    ],
    [
      "Countries",
      countries.source === null ? (
        "are not known: no file of them is named in the settings"
      ) : (
        <>
          by {countries.source.file}, of{" "}
          <Time at={countries.source.built} as="date" />
        </>
      ),
    ],
  ] as const;
}

type Drop = readonly [string, Status["drops"][string]];

const DROPS: readonly PlainColumn<Drop>[] = [
  { head: "Budget", cell: ([budget]) => budget },
  { head: "What", cell: ([, { what }]) => what },
  {
    ...{ head: "Times", isNumber: true },
    cell: ([, drop]) => count(drop.count),
  },
  { head: "Last", cell: ([, { lastAt }]) => <Time at={lastAt} /> },
];

/** What was too much, and was let go of. */
function Drops({ status: { drops } }: StatusProps) {
  const rows = Object.entries(drops);
  return (
    <Panel title="What was too much since the start">
      {rows.length === 0 ? (
        <Nothing>Nothing: every budget was enough.</Nothing>
      ) : (
        <PlainTable
          label="Budgets that were not enough"
          columns={DROPS}
          rows={rows}
          keyOf={([budget]) => budget}
        />
      )}
    </Panel>
  );
}
