import * as v from "valibot";
import {
  InvalidCidr,
  parseCidr,
  type Cidr,
  type Family,
} from "../model/cidr.js";
import { describeIssue } from "../protocol/shapes.js";
import { logLevels, type LogLevel } from "./log-levels.js";

/** What the customer settled for this host, complete and frozen. */
export interface Config {
  /** Holds the ledger, the identity and the device key. */
  readonly stateDir: string;
  /** Unix socket that `tourniquet status` and its like speak to. */
  readonly controlSocket: string;
  readonly cloud: {
    /** PEM of the authority that signed the cloud's certificate; else the system's. */
    readonly caFile: string | undefined;
    /** So long without a fresh word on a feed is an alarm, in seconds. */
    readonly staleAfterSeconds: number;
  };
  readonly enforce: {
    readonly backend: "nftables" | "dry-run";
    /** Whether local programs hear at once that they can't reach what is banned. */
    readonly egress: "drop" | "reject";
  };
  readonly guard: {
    readonly allow: readonly Cidr[];
    readonly floor: Readonly<Record<Family, number>>;
    /** Whether private ranges may be banned. */
    readonly private: "protect" | "allow-bans";
    /** Which of the shipped lists of shared addresses no ban may touch. */
    readonly tiers: {
      readonly publicResolvers: boolean;
      readonly cdnEdges: boolean;
      readonly tenantClouds: boolean;
    };
    readonly sessions: {
      /** TCP ports that this host is administered over. */
      readonly ports: readonly number[];
      /** How long a connection without a known login must last to count. */
      readonly afterSeconds: number;
    };
  };
  readonly sensors: {
    readonly sshd: {
      readonly enabled: boolean;
      /** Undefined: the journal where there is one, else the usual log file. */
      readonly source: "journal" | { readonly file: string } | undefined;
      /** So many failures within so many seconds are a ban for so many seconds. */
      readonly maxretry: number;
      readonly findtimeSeconds: number;
      readonly bantimeSeconds: number;
    };
  };
  /** When an agent that keeps crashing leaves everything as it is for a while. */
  readonly safeMode: {
    /** So many unclean starts; 0 switches it off, and poison with it. */
    readonly starts: number;
    readonly withinSeconds: number;
    readonly lastsSeconds: number;
  };
  readonly log: {
    readonly level: LogLevel;
    readonly format: "text" | "json";
  };
}

/** Everything that is wrong with a configuration, at once. */
export class InvalidConfig extends Error {
  override readonly name = "InvalidConfig";

  constructor(
    readonly source: string,
    readonly problems: readonly string[],
  ) {
    super(
      `${source} has ${problems.length} ${problems.length === 1 ? "problem" : "problems"}:\n${problems.map((each) => `  ${each}`).join("\n")}`,
    );
  }
}

/**
 * Turns what was read from a file into a Config. Defaults are applied here and
 * nowhere else; unknown keys are refused.
 * @throws InvalidConfig with every problem and its path
 */
export function parseConfig(raw: unknown, source: string): Config {
  const result = v.safeParse(Shape, raw ?? {});
  if (!result.success) {
    throw new InvalidConfig(source, result.issues.map(describeIssue));
  }
  const {
    stateDir,
    controlSocket,
    cloud,
    enforce,
    guard,
    sensors,
    safeMode,
    log,
  } = result.output;
  const { findtime, bantime, ...sshd } = sensors.sshd;
  return Object.freeze({
    stateDir,
    controlSocket,
    cloud: { caFile: cloud.caFile, staleAfterSeconds: cloud.staleAfter },
    enforce,
    guard: {
      allow: guard.allow,
      floor: { 4: guard.floor.ipv4, 6: guard.floor.ipv6 },
      private: guard.private,
      tiers: guard.tiers,
      sessions: {
        ports: guard.sessions.ports,
        afterSeconds: guard.sessions.after,
      },
    },
    sensors: {
      sshd: {
        enabled: sshd.enabled,
        source: sshd.source,
        maxretry: sshd.maxretry,
        findtimeSeconds: findtime,
        bantimeSeconds: bantime,
      },
    },
    safeMode: {
      starts: safeMode.starts,
      withinSeconds: safeMode.within,
      lastsSeconds: safeMode.lasts,
    },
    log,
  });
}

/**
 * The widest ranges that the common drop lists hold: Spamhaus DROP has /12 and
 * /29 as its shortest prefixes.
 */
const DEFAULT_FLOOR = { ipv4: 12, ipv6: 29 };

const absolutePath = v.pipe(
  v.string(),
  v.startsWith("/", "must be an absolute path"),
  v.maxLength(4096),
);

const cidr = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Cidr => {
    try {
      return parseCidr(dataset.value);
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

const prefixLength = (most: number) =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1, `must be from 1 to ${most}`),
    v.maxValue(most, `must be from 1 to ${most}`),
  );

const port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, "must be from 1 to 65535"),
  v.maxValue(65_535, "must be from 1 to 65535"),
);

/** "30s", "10m", "4h" or "7d", from a second to a year; as seconds. */
const duration = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,7}[smhd]$/, "must be a time such as 30s, 10m, 4h or 7d"),
  v.transform((text) => {
    const unit = UNIT_SECONDS[text.slice(-1) as keyof typeof UNIT_SECONDS];
    return Number(text.slice(0, -1)) * unit;
  }),
  v.maxValue(365 * 86_400, "must be at most 365d"),
);

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Unlike `strictObject`, this names every unknown key and not only the first. */
const section = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.objectWithRest(entries, v.never("is no setting that is known"));

const Shape = section({
  version: v.optional(v.literal(1), 1),
  stateDir: v.optional(absolutePath, "/var/lib/tourniquet"),
  controlSocket: v.optional(absolutePath, "/run/tourniquet/control.sock"),
  cloud: v.optional(
    section({
      caFile: v.optional(absolutePath),
      staleAfter: v.optional(duration, "15m"),
    }),
    {},
  ),
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
      floor: v.optional(
        section({
          ipv4: v.optional(prefixLength(32), DEFAULT_FLOOR.ipv4),
          ipv6: v.optional(prefixLength(128), DEFAULT_FLOOR.ipv6),
        }),
        {},
      ),
      private: v.optional(v.picklist(["protect", "allow-bans"]), "protect"),
      tiers: v.optional(
        section({
          publicResolvers: v.optional(v.boolean(), true),
          cdnEdges: v.optional(v.boolean(), true),
          tenantClouds: v.optional(v.boolean(), false),
        }),
        {},
      ),
      sessions: v.optional(
        section({
          ports: v.optional(v.pipe(v.array(port), v.maxLength(16)), [22]),
          after: v.optional(duration, "150s"),
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
              [v.literal("journal"), v.strictObject({ file: absolutePath })],
              'must be "journal", or "file" with an absolute path',
            ),
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
  safeMode: v.optional(
    section({
      starts: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)),
        3,
      ),
      within: v.optional(duration, "10m"),
      lasts: v.optional(
        v.pipe(duration, v.maxValue(86_400, "must be at most 1d")),
        "15m",
      ),
    }),
    {},
  ),
  log: v.optional(
    section({
      level: v.optional(v.picklist(logLevels), "info"),
      format: v.optional(v.picklist(["text", "json"]), "text"),
    }),
    {},
  ),
});
