import { limits } from "../protocol/limits.js";
import type { ItemOf } from "../protocol/telemetry.js";

/** What a reading of the host's vitals says. */
export interface VitalsReading {
  readonly cpu: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly agentBytes: number;
  readonly uptimeSeconds: number;
}

/** How many bans each feed has; of them, those held and those only observed. */
export interface BanCount {
  readonly bans: number;
  readonly held: number;
  readonly observed: number;
}

/** What a sensor read from one place; see `SensorView`. */
export type SensorReading = Omit<SensorCounts, "source" | "newest"> & {
  readonly kind: SensorCounts["source"];
  readonly newest: number | undefined;
};

type SensorCounts = NonNullable<ItemOf<"vitals">["sensors"]>[number];

export function vitalsItem(
  reading: VitalsReading,
  counts: readonly BanCount[],
  sensors: readonly SensorReading[],
  now: number,
): ItemOf<"vitals"> {
  const sumOf = (part: keyof BanCount) =>
    counts.reduce((sum, each) => sum + each[part], 0);
  const held = sumOf("held");
  const observed = sumOf("observed");
  return {
    kind: "vitals",
    time: Math.floor(now),
    cpu: reading.cpu,
    memoryUsedBytes: reading.memoryUsedBytes,
    memoryTotalBytes: reading.memoryTotalBytes,
    agentBytes: reading.agentBytes,
    uptimeSeconds: reading.uptimeSeconds,
    bans: sumOf("bans") - held - observed,
    observed,
    held,
    sensors: sensors.slice(0, limits.telemetrySensors).map(sensorCounts),
  };
}

/** Not where a file lies: the customer chose its name. */
function sensorCounts({
  kind,
  newest,
  ...reading
}: SensorReading): SensorCounts {
  const { name, trust, lines, ofService, understood } = reading;
  const { failures, old, unconfirmed } = reading;
  return {
    ...{ name, source: kind, trust, lines, ofService, understood },
    ...{ failures, old, unconfirmed },
    ...(newest === undefined ? {} : { newest: Math.floor(newest) }),
  };
}

/** What is known of the host itself. */
export type InventoryReading = Omit<ItemOf<"inventory">, "kind" | "time">;

export function inventoryItem(
  reading: InventoryReading,
  now: number,
): ItemOf<"inventory"> {
  return {
    kind: "inventory",
    time: Math.floor(now),
    hostname: line(reading.hostname, 253),
    system: line(reading.system, 128),
    kernel: line(reading.kernel, 128),
    arch: line(reading.arch, 32),
    cpus: reading.cpus,
    memoryTotalBytes: reading.memoryTotalBytes,
    version: line(reading.version, 32),
  };
}

/**
 * An order without who gave it, which stands behind it and may name a user: that
 * is kept on the host.
 */
export function withoutWho(order: string): string {
  const at = order.lastIndexOf("; by ");
  return at < 0 ? order : order.slice(0, at);
}

/** What an inventory says beside its date, for comparing two. */
export function gistOf(item: ItemOf<"inventory">): string {
  const { kind: _kind, time: _time, ...gist } = item;
  return JSON.stringify(gist);
}

/** Whatever a host calls itself, fit for the protocol. */
const line = (text: string, most: number): string =>
  text.replaceAll(/\p{Cc}/gu, "?").slice(0, most);
