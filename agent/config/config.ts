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
  };
  readonly enforce: { readonly backend: "nftables" | "dry-run" };
  readonly guard: {
    readonly allow: readonly Cidr[];
    readonly floor: Readonly<Record<Family, number>>;
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
  const { stateDir, controlSocket, cloud, enforce, guard, log } = result.output;
  return Object.freeze({
    stateDir,
    controlSocket,
    cloud: { caFile: cloud.caFile },
    enforce,
    guard: {
      allow: guard.allow,
      floor: { 4: guard.floor.ipv4, 6: guard.floor.ipv6 },
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

/** Unlike `strictObject`, this names every unknown key and not only the first. */
const section = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.objectWithRest(entries, v.never("is no setting that is known"));

const Shape = section({
  version: v.optional(v.literal(1), 1),
  stateDir: v.optional(absolutePath, "/var/lib/tourniquet"),
  controlSocket: v.optional(absolutePath, "/run/tourniquet/control.sock"),
  cloud: v.optional(section({ caFile: v.optional(absolutePath) }), {}),
  enforce: v.optional(
    section({
      backend: v.optional(v.picklist(["nftables", "dry-run"]), "nftables"),
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
