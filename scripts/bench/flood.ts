import { readFileSync } from "node:fs";
import { formatCidr } from "../../agent/model/cidr.js";
import { readOps } from "../../agent/protocol/segment.js";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lab, type LabCloud } from "../lab/lab.js";
import { until } from "../lab/run.js";
import { Fleet, type SimulatedHost } from "./fleet.js";
import { alone, quantile, type Row } from "./report.js";

/**
 * Hosts of many orgs report attackers without a pause, most of whom nobody else
 * sees; now and then three orgs see the same. Timed from the moment at which the
 * third says so until another host has the signed ban. The cloud is a process of its
 * own; this one plays all hosts.
 */
export async function measureFlood(): Promise<readonly Row[]> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT, settings: SETTINGS });
  using fleet = await Fleet.join(cloud, { orgs: ORGS, hosts: HOSTS });
  const flood = new Flood(fleet.hosts);
  await flood.run();
  const times = await flood.times();
  const peak = peakOf(cloud);
  const { dropped } = await cloud.api<{
    dropped: Readonly<Record<string, number>>;
  }>("GET", "/api/v1/rules");
  const leftOut = Object.values(dropped).reduce((sum, each) => sum + each, 0);
  return rowsOf(flood, times, { peak, dropped: leftOut });
}

const CLOUD_PORT = 18_449;
const HOSTS = 1_000;
const ORGS = 50;
const SECONDS = 60;

/** Of each host a second. */
const DETECTIONS = 2;
/** Attackers a second whom three orgs see. */
const MARKED = 2;

/** Nobody has been a customer for two weeks here, and the rate is no subject. */
const SETTINGS = {
  correlation: {
    ...{ orgs: 3, standingDays: 0, standingHosts: 1, standingConfirmed: 0 },
    maxPerMinute: 100_000,
  },
};

function rowsOf(
  { sent, acknowledged, seconds, marked }: Flood,
  times: readonly number[],
  { peak, dropped }: { readonly peak: number; readonly dropped: number },
): readonly Row[] {
  const p99 = quantile(times, 0.99);
  const p50 = quantile(times, 0.5);
  const rate = Math.round(acknowledged / seconds);
  const what = `${rate.toLocaleString("en")} detections/s of ${HOSTS.toLocaleString("en")} hosts`;
  const lost = sent - acknowledged + dropped + (marked - times.length);
  return [
    alone({
      ...{ what: `${what}: third org → ban at a host, p50`, unit: "ms" },
      ...{ ours: p50, spread: p99 / p50 },
    }),
    alone({
      ...{ what: `the same, p99 of ${times.length}`, unit: "ms", ours: p99 },
      ...{ goal: "≤ 1,000 ms", met: p99 <= 1_000 && rate >= 1_900 },
    }),
    alone({
      ...{ what: "detections and bans that were lost", unit: "", ours: lost },
      ...{ goal: "0", met: lost === 0 },
    }),
    alone({
      ...{ what: "the cloud's memory, at most", unit: "MB", ours: peak },
      ...{ goal: "≤ 500 MB", met: peak <= 500 },
    }),
  ];
}

/** All hosts in turn, each once a second. */
class Flood {
  sent = 0;
  acknowledged = 0;
  seconds = 0;
  readonly #hosts: readonly SimulatedHost[];
  readonly #reports: Promise<void>[] = [];
  /** `performance.now()` at which the third org said so, by attacker. */
  readonly #decidable = new Map<string, number>();

  constructor(hosts: readonly SimulatedHost[]) {
    this.#hosts = hosts;
  }

  get marked(): number {
    return this.#decidable.size;
  }

  async run(): Promise<void> {
    const started = performance.now();
    const all = SECONDS * this.#hosts.length;
    for (let turn = 0; turn < all;) {
      const elapsed = performance.now() - started;
      const due = Math.min(all, (elapsed / 1_000) * this.#hosts.length);
      for (; turn < due; turn++) this.#report(turn);
      await systemClock.sleep(TICK_MS);
    }
    await Promise.all(this.#reports);
    this.seconds = (performance.now() - started) / 1_000;
  }

  /** Milliseconds each, of those that came; whoever did not come in time is lost. */
  async times(): Promise<readonly number[]> {
    const look = () =>
      Promise.resolve(this.#heard().size >= this.marked || undefined);
    await until("all bans", look, PATIENCE_MS).catch(() => undefined);
    const heard = this.#heard();
    return [...this.#decidable].flatMap(([attacker, at]) => {
      const came = heard.get(attacker);
      return came === undefined ? [] : [came - at];
    });
  }

  #report(turn: number): void {
    const { length } = this.#hosts;
    const host = this.#hosts[turn % length];
    if (host === undefined) return;
    const place = turn % (length / MARKED);
    const marked = `45.143.${group(turn, length)}`;
    const items = Array.from({ length: DETECTIONS }, (_, nth) =>
      nth === 0 && place < ORGS_NEEDED
        ? detection(marked)
        : detection(noise(turn * DETECTIONS + nth)),
    );
    if (place === ORGS_NEEDED - 1) {
      this.#decidable.set(marked, performance.now());
    }
    this.sent += items.length;
    const acknowledged = host.link.report(...items).then(
      () => void (this.acknowledged += items.length),
      () => undefined, // counted as lost
    );
    this.#reports.push(acknowledged);
  }

  /** When the last host had each ban. */
  #heard(): ReadonlyMap<string, number> {
    const link = this.#hosts.at(-1)?.link;
    const heard = new Map<string, number>();
    for (const [index, segment] of (link?.segments ?? []).entries()) {
      const at = link?.arrivals[index] ?? 0;
      for (const { cidr } of readOps(segment)) heard.set(formatCidr(cidr), at);
    }
    return heard;
  }
}

/** The group of a turn: two bytes of an address. */
function group(turn: number, length: number): string {
  const number = Math.floor(turn / (length / MARKED));
  return `${number >> 8}.${number & 255}`;
}

const noise = (number: number): string =>
  `60.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

function detection(source: string): TelemetryItem {
  const now = Date.now();
  return {
    ...{ kind: "detection", time: now, sensor: "sshd", source, count: 5 },
    ...{ firstSeen: now - 1_000, lastSeen: now, action: "banned" },
  };
}

/** Megabytes. */
function peakOf(cloud: LabCloud): number {
  const text = readFileSync(
    `/proc/${cloud.process?.pid ?? 0}/status`,
    "latin1",
  );
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1]) / 1_000;
}

const ORGS_NEEDED = 3;
const TICK_MS = 5;
const PATIENCE_MS = 30_000;
