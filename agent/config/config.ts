import * as v from "valibot";
import type { Cidr, Family } from "../model/cidr.js";
import type { Translators } from "../model/translators.js";
import { CloudShape, cloudOf, type CloudSettings } from "./cloud.js";
import { asProblem, InvalidConfig, problemOf, unseenNames } from "./invalid.js";
import type { Limits } from "./limits.js";
import { logLevels, type LogLevel } from "./log-levels.js";
import { MetricsShape, metricsOf, type Metrics } from "./metrics.js";
import { PolicyShape, type PermittedSshd } from "./policy-sensors.js";
import { SafeModeShape, type SafeMode } from "./safe-mode.js";
import {
  absolutePath,
  cidr,
  duration,
  port,
  prefixLength,
  section,
  translators,
} from "./shapes.js";
import { unapprovedOf, widthProblems } from "./widths.js";

export { InvalidConfig };

/** What the customer settled for this host, complete and frozen. */
export interface Config {
  /** Holds the ledger, the identity and the device key. */
  readonly stateDir: string;
  /** Unix socket that `tourniquet status` and its like speak to. */
  readonly controlSocket: string;
  readonly cloud: CloudSettings;
  readonly enforce: {
    readonly backend: "nftables" | "dry-run";
    /** Whether local programs hear at once that they can't reach what is banned. */
    readonly egress: "drop" | "reject";
  };
  readonly guard: {
    readonly allow: readonly Cidr[];
    /** Whether what the customer wants by a signed policy counts here. */
    readonly policy: "follow" | "off";
    readonly floor: Readonly<Record<Family, number>>;
    /** Shortest prefix that needs no approval of the critical keys. */
    readonly unapproved: Readonly<Record<Family, number>>;
    /** Whether private ranges may be banned. */
    readonly private: "protect" | "allow-bans";
    /** What becomes of a range around protected addresses. */
    readonly around: "hold" | "split";
    /** Which of the shipped lists of shared addresses no ban may touch. */
    readonly tiers: {
      readonly publicResolvers: boolean;
      readonly cdnEdges: boolean;
      readonly tenantClouds: boolean;
    };
    /** Prefixes by which this host sees IPv4 (RFC 6052), beside 64:ff9b::/96. */
    readonly translators: Translators;
    readonly sessions: {
      /** TCP ports that this host is administered over. */
      readonly ports: readonly number[];
    };
    /** How much feeds may do here, whatever their signatures. */
    readonly limits: Limits;
    /** What has to prove first that it does no harm. */
    readonly trial: {
      readonly seconds: number;
      /** More bans than these coming into force at once are tried. */
      readonly mostAtOnce: number;
      /** Shorter prefixes are tried though they come alone. */
      readonly prefix: Readonly<Record<Family, number>>;
    };
  };
  readonly sensors: {
    readonly sshd: {
      readonly enabled: boolean;
      /** Undefined: the journal and the usual log file, whichever gets lines. */
      readonly source: "journal" | LogFileSource | undefined;
      /** TCP ports of sshd, which the kernel is asked about. */
      readonly ports: readonly number[];
      /** So many failures within so many seconds are a ban for so many seconds. */
      readonly maxretry: number;
      readonly findtimeSeconds: number;
      readonly bantimeSeconds: number;
    };
  };
  /** How far the customer's policy may set sensors; see `guard.policy`. */
  readonly policy: { readonly sshd: PermittedSshd };
  readonly telemetry: {
    /** Whether the cloud may ask how much a ban would cut here. */
    readonly impact: boolean;
  };
  readonly metrics: Metrics;
  /** When an agent that keeps crashing leaves everything as it is for a while. */
  readonly safeMode: SafeMode;
  readonly log: {
    readonly level: LogLevel;
    readonly format: "text" | "json";
  };
  /** Settings of earlier versions that were given and do nothing any more. */
  readonly idle: readonly IdleSetting[];
}

export interface IdleSetting {
  readonly name: string;
  readonly why: string;
}

export interface LogFileSource {
  readonly file: string;
  /** Only sshd can write there, so that its lines need no confirmation. */
  readonly onlySshd: boolean;
}

/**
 * Turns what was read from a file into a Config. Defaults are applied here and
 * nowhere else; unknown keys are refused.
 * @throws InvalidConfig with every problem and its path
 */
export function parseConfig(raw: unknown, source: string): Config {
  const { stateDir, controlSocket, cloud, enforce, guard, sensors, ...rest } =
    inShape(raw, source);
  const problems = widthProblems(guard).map(asProblem);
  if (problems.length > 0) throw new InvalidConfig(source, problems);
  const { findtime, bantime, ...sshd } = sensors.sshd;
  return Object.freeze({
    stateDir,
    controlSocket,
    cloud: cloudOf(cloud),
    enforce,
    guard: {
      allow: guard.allow,
      policy: guard.policy,
      floor: { 4: guard.floor.ipv4, 6: guard.floor.ipv6 },
      unapproved: unapprovedOf(guard),
      private: guard.private,
      around: guard.around,
      tiers: guard.tiers,
      translators: guard.translators,
      sessions: { ports: guard.sessions.ports },
      limits: guard.limits,
      trial: {
        seconds: guard.trial.lasts,
        mostAtOnce: guard.trial.entries,
        prefix: { 4: guard.trial.ipv4, 6: guard.trial.ipv6 },
      },
    },
    sensors: {
      sshd: {
        enabled: sshd.enabled,
        source: sshd.source,
        ports: sshd.ports ?? portsOf(guard.sessions.ports),
        maxretry: sshd.maxretry,
        findtimeSeconds: findtime,
        bantimeSeconds: bantime,
      },
    },
    policy: { sshd: permittedIn(rest.policy.sensors.sshd) },
    metrics: metricsOf(rest.metrics, controlSocket),
    ...{ telemetry: rest.telemetry, safeMode: rest.safeMode, log: rest.log },
    idle: guard.sessions.after === undefined ? [] : [IDLE_AFTER],
  });
}

function inShape(
  raw: unknown,
  source: string,
): v.InferOutput<typeof ConfigShape> {
  const result = v.safeParse(ConfigShape, raw ?? {});
  const issues = result.success ? [] : result.issues;
  const strange = [
    ...issues.map((each) => problemOf(each, ConfigShape)),
    ...unseenNames(raw),
  ];
  if (result.success && strange.length === 0) return result.output;
  throw new InvalidConfig(source, strange);
}

const permittedIn = ({
  maxretry,
  findtime,
  bantime,
}: {
  readonly [K in keyof PermittedSshd]?: PermittedSshd[K] | undefined;
}): PermittedSshd => ({ maxretry, findtime, bantime });

const IDLE_AFTER: IdleSetting = {
  name: "guard.sessions.after",
  why: "a connection without a login protects nobody any more, however long it lasts; remove the setting",
};

/**
 * The widest ranges that the common drop lists hold: Spamhaus DROP has /12 and
 * /29 as its shortest prefixes.
 */
const DEFAULT_FLOOR = { ipv4: 12, ipv6: 29 };

/** Those that the host is administered over, unless there are none. */
const portsOf = (sessions: readonly number[]): readonly number[] =>
  sessions.length > 0 ? sessions : [22];

/** From 0 to 1. */
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const amount = (most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

/** The file as it may be written; docs/configure.md explains every key. */
export const ConfigShape = section({
  version: v.optional(v.literal(1), 1),
  stateDir: v.optional(absolutePath, "/var/lib/tourniquet"),
  controlSocket: v.optional(absolutePath, "/run/tourniquet/control.sock"),
  cloud: CloudShape,
  enforce: v.optional(
    section({
      backend: v.optional(v.picklist(["nftables", "dry-run"]), "nftables"),
      egress: v.optional(v.picklist(["drop", "reject"]), "drop"),
    }),
    {},
  ),
  guard: v.optional(
    section({
      allow: v.optional(v.pipe(v.array(cidr), v.maxLength(4096)), []),
      policy: v.optional(v.picklist(["follow", "off"]), "follow"),
      floor: v.optional(
        section({
          ipv4: v.optional(prefixLength(32), DEFAULT_FLOOR.ipv4),
          ipv6: v.optional(prefixLength(128), DEFAULT_FLOOR.ipv6),
        }),
        {},
      ),
      unapproved: v.optional(
        section({
          ipv4: v.optional(prefixLength(32)),
          ipv6: v.optional(prefixLength(128)),
        }),
        {},
      ),
      private: v.optional(v.picklist(["protect", "allow-bans"]), "protect"),
      around: v.optional(v.picklist(["hold", "split"]), "hold"),
      tiers: v.optional(
        section({
          publicResolvers: v.optional(v.boolean(), true),
          cdnEdges: v.optional(v.boolean(), true),
          tenantClouds: v.optional(v.boolean(), false),
        }),
        {},
      ),
      translators: v.optional(translators, []),
      sessions: v.optional(
        section({
          ports: v.optional(v.pipe(v.array(port), v.maxLength(16)), [22]),
          after: v.optional(duration), // of 0.1.0, which held whoever stayed
        }),
        {},
      ),
      limits: v.optional(
        section({
          life: v.optional(duration, "365d"),
          share: v.optional(share, 0.01),
          entries: v.optional(amount(10_000_000), 2_000_000),
          changesPerMinute: v.optional(amount(10_000_000), 10_000),
          burst: v.optional(amount(10_000_000), 500_000),
          growth: v.optional(
            v.pipe(v.number(), v.minValue(1), v.maxValue(1_000)),
            2,
          ),
          remain: v.optional(share, 0.5),
        }),
        {},
      ),
      trial: v.optional(
        section({
          lasts: v.optional(
            v.pipe(duration, v.minValue(10, "must be at least 10s")),
            "90s",
          ),
          entries: v.optional(amount(10_000_000), 250),
          ipv4: v.optional(prefixLength(32), 24),
          ipv6: v.optional(prefixLength(128), 48),
        }),
        {},
      ),
    }),
    {},
  ),
  sensors: v.optional(
    section({
      sshd: v.optional(
        section({
          enabled: v.optional(v.boolean(), true),
          source: v.optional(
            v.union(
              [
                v.literal("journal"),
                v.strictObject({
                  file: absolutePath,
                  onlySshd: v.optional(v.boolean(), false),
                }),
              ],
              'must be "journal", or "file" with an absolute path',
            ),
          ),
          ports: v.optional(
            v.pipe(v.array(port), v.minLength(1), v.maxLength(16)),
          ),
          maxretry: v.optional(
            v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)),
            5,
          ),
          findtime: v.optional(duration, "10m"),
          bantime: v.optional(duration, "1h"),
        }),
        {},
      ),
    }),
    {},
  ),
  policy: PolicyShape,
  metrics: MetricsShape,
  telemetry: v.optional(section({ impact: v.optional(v.boolean(), true) }), {}),
  safeMode: SafeModeShape,
  log: v.optional(
    section({
      level: v.optional(v.picklist(logLevels), "info"),
      format: v.optional(v.picklist(["text", "json"]), "text"),
    }),
    {},
  ),
});
