import * as v from "valibot";
import { limits } from "./limits.js";
import { Count, Numeric, Time, listOf, shortText } from "./shapes.js";

/**
 * What an agent reports of what its host sees. Every field is listed in
 * TELEMETRY.md with its reason and its privacy rule; nothing else ever leaves.
 */

/** An address or range as text: RFC 5952, with a prefix length unless single. */
const Range = shortText(64);

/** Abuse that a sensor on this host saw in its own logs (STIX observed-data). */
const Detection = v.strictObject({
  kind: v.literal("detection"),
  time: Time,
  /** Which sensor, as "sshd". */
  sensor: shortText(32),
  /** The remote address that misbehaved. */
  source: Range,
  /** How many failures it took, and over which time. */
  count: v.pipe(Count, v.minValue(1)),
  firstSeen: Time,
  lastSeen: Time,
  /** What the host did about it by itself. */
  action: v.picklist(["banned", "held", "none"]),
  /** The guard rule that held the ban; absent unless `held`. */
  rule: v.optional(shortText(64)),
});

/** Packets that bans matched, by attacker, over a window. */
const Hits = v.strictObject({
  kind: v.literal("hits"),
  from: Time,
  to: Time,
  /** The attackers with the most packets. */
  top: listOf(
    v.strictObject({
      remote: Range,
      direction: v.picklist(["in", "out"]),
      /** Whether it was on its way from or to somebody behind the host. */
      forwarded: v.boolean(),
      /** Whether the ban only watches: the packets were not dropped. */
      observed: v.boolean(),
      /** IP protocol number. */
      protocol: Count,
      /** Destination port, 0 for protocols without. */
      port: Count,
      packets: Count,
      bytes: Count,
    }),
    limits.telemetryHits,
  ),
  /** All others together. */
  others: v.strictObject({
    remotes: Count,
    packets: Count,
    bytes: Count,
    /** Of these packets, those that were not dropped. */
    observed: Count,
  }),
});

/** A process of this host sent packets to a banned address. */
const Contact = v.strictObject({
  kind: v.literal("contact"),
  time: Time,
  /** The banned address. */
  remote: Range,
  /** IP protocol number. */
  protocol: Count,
  /** Destination port, 0 for protocols without. */
  port: Count,
  /** At least so many since this was last told. */
  packets: v.pipe(Count, v.minValue(1)),
  /** Whether this host began it; what was open before may be the other's. */
  begun: v.boolean(),
  /** Whether it came from behind the host, such as from a container. */
  forwarded: v.boolean(),
  /** Whether the ban only watches: the packets were not dropped. */
  observed: v.boolean(),
  /** As the kernel names the process; absent when it was not found. */
  process: v.optional(shortText(64)),
  /** Unit of the service manager. */
  unit: v.optional(shortText(256)),
  /** Short id or name of the container. */
  container: v.optional(shortText(64)),
});

/** How the host is doing. */
const Vitals = v.strictObject({
  kind: v.literal("vitals"),
  time: Time,
  /** Share of all processors in use, 0 to 1. */
  cpu: v.pipe(Numeric, v.minValue(0), v.maxValue(1)),
  memoryUsedBytes: Count,
  memoryTotalBytes: Count,
  /** Resident memory of the agent. */
  agentBytes: Count,
  uptimeSeconds: Count,
  /** Bans in force, only observed, and held. */
  bans: Count,
  observed: Count,
  held: Count,
  /** What sensors read, one for each place; absent from agents before 0.2. */
  sensors: v.optional(
    listOf(
      v.strictObject({
        /** Which sensor, as "sshd". */
        name: shortText(32),
        source: v.picklist(["journal", "file"]),
        /** Who vouches for what is read: without the kernel's word, perhaps nobody. */
        trust: v.picklist(["writer", "kernel", "nobody"]),
        lines: Count,
        /** Of these, of the service that is watched; of these, understood. */
        ofService: Count,
        understood: Count,
        /** Failures that counted, and those whose dates were too old. */
        failures: Count,
        old: Count,
        /** Sources that failed too often by the log alone; nothing came of it. */
        unconfirmed: Count,
        /** When the latest line of the service was read. */
        newest: v.optional(Time),
      }),
      limits.telemetrySensors,
    ),
  ),
});

/** What the host is; sent when it changed. */
const Inventory = v.strictObject({
  kind: v.literal("inventory"),
  time: Time,
  hostname: shortText(253),
  /** Distribution and release. */
  system: shortText(128),
  kernel: shortText(128),
  arch: shortText(32),
  cpus: Count,
  memoryTotalBytes: Count,
  version: shortText(32),
});

/** A condition of the health catalogue came or went, or something happened. */
const Health = v.strictObject({
  kind: v.literal("health"),
  time: Time,
  code: shortText(64),
  severity: v.picklist(["low", "medium", "high"]),
  /** `happened`: it was over by the time it was told, and nothing clears it. */
  state: v.picklist(["raised", "cleared", "happened"]),
  text: shortText(256),
});

/** Items that the spool had to let go of. */
const Dropped = v.strictObject({
  kind: v.literal("dropped"),
  time: Time,
  items: v.pipe(Count, v.minValue(1)),
  /** What there was no room for. */
  reason: v.picklist(["spool-full", "spool-lost"]),
});

export const TelemetryItem = v.variant("kind", [
  Detection,
  Hits,
  Contact,
  Vitals,
  Inventory,
  Health,
  Dropped,
]);
export type TelemetryItem = v.InferOutput<typeof TelemetryItem>;
export type ItemOf<K extends TelemetryItem["kind"]> = TelemetryItem & {
  readonly kind: K;
};
