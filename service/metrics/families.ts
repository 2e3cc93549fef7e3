import type { Total } from "../../agent/model/hit.js";
import type { FeedView } from "../control/feed-views.js";
import type { SensorReport, StatusView } from "../control/status-view.js";
import type { Family, Sample } from "./exposition.js";

/** What is told of a host by numbers. */
export interface Measured {
  readonly status: StatusView;
  /** All that bans matched, since the kernel has had these counters. */
  readonly totals: readonly Total[];
  readonly process: {
    /** Seconds of processors that it took. */
    readonly cpuSeconds: number;
    readonly residentBytes: number;
    /** Seconds since 1970. */
    readonly startedAt: number;
  };
}

/**
 * All metrics of a host. No label has an address, a name of a person or of a file, nor
 * more values than are written here, but for the version.
 */
export const familiesOf = (measured: Measured): readonly Family[] => [
  ...verdictFamilies(measured.status),
  ...stateFamilies(measured.status),
  ...cloudFamilies(measured.status),
  ...banFamilies(measured),
  ...upkeepFamilies(measured.status),
  ...sensorFamilies(measured.status),
  ...processFamilies(measured.process),
];

function verdictFamilies(status: StatusView): readonly Family[] {
  const { version, verdict, enforcing } = status;
  const kinds = countBy(verdict.findings.map(({ kind }) => kind));
  return [
    {
      ...gauge("tourniquet_build_info", "Version of the agent; always 1."),
      samples: [{ labels: { version }, value: 1 }],
    },
    one(
      "tourniquet_enforcing",
      "1 while the kernel drops what the ledger says.",
      enforcing,
    ),
    {
      ...gauge(
        "tourniquet_verdict",
        "1 for what this host does with its bans.",
      ),
      samples: oneOf("does", ["enforcing", "degraded", "not"], verdict.does),
    },
    {
      ...gauge(
        "tourniquet_findings",
        "What keeps this host from enforcing all of it, by kind.",
      ),
      samples: [...kinds].map(([kind, value]) => ({ labels: { kind }, value })),
    },
  ];
}

function stateFamilies(status: StatusView): readonly Family[] {
  const { mode, kernel, ledger } = status;
  return [
    one(
      "tourniquet_observing",
      "1 while bans are counted and nothing is dropped.",
      mode === "observe",
    ),
    one(
      "tourniquet_paused",
      "1 while the host's operator has paused it.",
      status.pausedUntil !== null,
    ),
    one(
      "tourniquet_safe_mode",
      "1 while nothing is changed, after crashes in a row.",
      status.safeMode,
    ),
    one(
      "tourniquet_ledger_revision",
      "Revision of the ledger.",
      ledger.revision,
    ),
    ...maybe(
      "tourniquet_kernel_revision",
      "Revision that the kernel holds.",
      kernel.revision,
    ),
    {
      ...gauge(
        "tourniquet_storage",
        "1 for how much room the state folder leaves.",
      ),
      samples: oneOf("state", ["ok", "reserve", "full"], status.storage.state),
    },
  ];
}

/** A host without a cloud says nothing of one. */
function cloudFamilies({ cloud }: StatusView): readonly Family[] {
  const said = <T>(value: T) => (cloud.at === "none" ? undefined : value);
  return [
    ...maybe(
      "tourniquet_cloud_connected",
      "1 while the cloud is connected.",
      said(Number(cloud.at === "up")),
    ),
    ...maybe(
      "tourniquet_cloud_caught_up",
      "1 once all feeds stand where the cloud does.",
      said(Number(cloud.caughtUp)),
    ),
    ...maybe(
      "tourniquet_cloud_changed_timestamp_seconds",
      "When the link to the cloud went up, or down.",
      said(Date.parse(cloud.since) / 1_000),
    ),
  ];
}

function banFamilies({ status, totals }: Measured): readonly Family[] {
  const { feeds, trials, sessions } = status;
  const matched = (value: (total: Total) => number): readonly Sample[] =>
    totals.map((total) => ({
      labels: {
        family: `ipv${total.family}`,
        direction: total.direction,
        action: total.observed ? "observed" : "dropped",
      },
      value: value(total),
    }));
  return [
    {
      ...gauge(
        "tourniquet_bans",
        "Bans by kind of feed: in force, only observed, or held by a guard.",
      ),
      samples: banSamples(feeds),
    },
    one(
      "tourniquet_trials",
      "Changes that have yet to prove harmless.",
      trials.length,
    ),
    {
      ...counter("tourniquet_matched_packets", "Packets that bans matched."),
      samples: matched(({ packets }) => packets),
    },
    {
      ...counter(
        "tourniquet_matched_bytes",
        "Bytes of packets that bans matched.",
      ),
      samples: matched(({ bytes }) => bytes),
    },
    {
      ...counter(
        "tourniquet_sessions_cut",
        "Open sessions of banned addresses that were ended.",
      ),
      samples:
        sessions === null
          ? []
          : [
              { labels: { kind: "socket" }, value: sessions.sockets },
              { labels: { kind: "flow" }, value: sessions.flows },
            ],
    },
  ];
}

/** An org's feeds are one, and those of its groups: their names are nobody else's. */
function banSamples(feeds: readonly FeedView[]): readonly Sample[] {
  const sums = new Map<string, Record<BanState, number>>();
  for (const { feed, bans, observed, held } of feeds) {
    const kind = kindOfFeed(feed);
    const sum = sums.get(kind) ?? { enforced: 0, observed: 0, held: 0 };
    sum.enforced += bans;
    sum.observed += observed;
    sum.held += held;
    sums.set(kind, sum);
  }
  return [...sums].flatMap(([feed, sum]) =>
    BAN_STATES.map((state) => ({ labels: { feed, state }, value: sum[state] })),
  );
}

const BAN_STATES = ["enforced", "observed", "held"] as const;
type BanState = (typeof BAN_STATES)[number];

function kindOfFeed(feed: string): string {
  if (!feed.startsWith("org/")) return feed;
  return feed.split("/").length > 2 ? "group" : "org";
}

const upkeepFamilies = ({
  upkeep: { healed, contested, audit },
  proof,
  uncovered,
}: StatusView): readonly Family[] => [
  count(
    "tourniquet_disturbances_healed",
    "Changes by others to the kernel's table that were put right.",
    healed,
  ),
  one(
    "tourniquet_contested",
    "1 while somebody undoes the bans again and again.",
    contested !== null,
  ),
  count(
    "tourniquet_audit_rounds",
    "Rounds in which all bans were looked up in the kernel.",
    audit.rounds,
  ),
  count(
    "tourniquet_audit_checked",
    "Bans that were looked up in the kernel.",
    audit.checked,
  ),
  count(
    "tourniquet_audit_differences",
    "Differences that looking found.",
    audit.found,
  ),
  ...maybe(
    "tourniquet_probe_failures",
    "Tries in a row in which a packet to a banned address went on its way.",
    proof?.failures,
  ),
  one(
    "tourniquet_uncovered_paths",
    "Ways on which packets pass this host without meeting a ban.",
    uncovered.length,
  ),
];

function sensorFamilies({ sensors }: StatusView): readonly Family[] {
  const labelled = (each: SensorReport, value: number): Sample => ({
    labels: { sensor: each.name, source: kindOfSource(each.source) },
    value,
  });
  const counted = (
    name: string,
    help: string,
    of: (each: SensorReport) => number,
  ) => ({
    ...counter(name, help),
    samples: sensors.map((each) => labelled(each, of(each))),
  });
  return [
    counted(
      "tourniquet_sensor_lines",
      "Lines that sensors read.",
      ({ lines }) => lines,
    ),
    counted(
      "tourniquet_sensor_failures",
      "Failed logins that counted.",
      ({ failures }) => failures,
    ),
    counted(
      "tourniquet_sensor_unconfirmed",
      "Sources that failed too often, unwitnessed.",
      ({ unconfirmed }) => unconfirmed,
    ),
  ];
}

const kindOfSource = (source: string): string =>
  source.startsWith("/") ? "file" : "journal";

const processFamilies = ({
  cpuSeconds,
  residentBytes,
  startedAt,
}: Measured["process"]): readonly Family[] => [
  count(
    "process_cpu_seconds",
    "Seconds of processors that the agent took.",
    cpuSeconds,
  ),
  one("process_resident_memory_bytes", "Memory of the agent.", residentBytes),
  one("process_start_time_seconds", "When the agent started.", startedAt),
];

const gauge = (name: string, help: string) =>
  ({ name, help, type: "gauge" }) as const;

const counter = (name: string, help: string) =>
  ({ name, help, type: "counter" }) as const;

const one = (name: string, help: string, value: number | boolean): Family => ({
  ...gauge(name, help),
  samples: [{ value: Number(value) }],
});

const maybe = (
  name: string,
  help: string,
  value: number | null | undefined,
): readonly Family[] =>
  value === null || value === undefined ? [] : [one(name, help, value)];

const count = (name: string, help: string, value: number): Family => ({
  ...counter(name, help),
  samples: [{ value }],
});

const oneOf = (
  label: string,
  values: readonly string[],
  actual: string,
): readonly Sample[] =>
  values.map((value) => ({
    labels: { [label]: value },
    value: Number(value === actual),
  }));

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
