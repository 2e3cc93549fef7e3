import { catalogue, type HealthCode } from "../../../agent/health/catalogue.js";
import type { ItemOf } from "../../../agent/protocol/telemetry.js";
import type { HostCast } from "./cast.js";
import type { Chance } from "./chance.js";

/** What simulated hosts report, as agents write it. */

/** Failures of one source within half a minute, up to then. */
export function detection(
  source: string,
  count: number,
  action: "banned" | "none" = "banned",
  time = Date.now(),
): ItemOf<"detection"> {
  return {
    ...{ kind: "detection", time, sensor: "sshd", source, count, action },
    ...{ firstSeen: time - count * 1_500, lastSeen: time },
  };
}

/** Packets that bans on these matched. */
export function hits(
  remotes: readonly string[],
  observed: boolean,
  chance: Chance,
): ItemOf<"hits"> {
  const to = Date.now();
  return {
    ...{ kind: "hits", from: to - 10_000, to },
    top: remotes.map((remote) => {
      const packets = chance.whole(1, 40);
      return {
        ...{ remote, direction: "in", protocol: 6 },
        port: chance.oneOf([22, 22, 22, 443, 25, 3306]),
        ...{ forwarded: false, observed, packets, bytes: packets * 60 },
      };
    }),
    others: { remotes: 0, packets: 0, bytes: 0, observed: 0 },
  };
}

/** Something on the host calls whom everybody bans. */
export function contact(remote: string, chance: Chance): ItemOf<"contact"> {
  const [process, unit] = chance.oneOf([
    ["curl", "cron.service"],
    ["python3", "backup.service"],
    ["node", "shop.service"],
    ["java", "indexer.service"],
  ]) as readonly [string, string];
  const protocol = { protocol: 6, port: chance.oneOf([443, 80, 6667]) };
  const how = { begun: true, forwarded: false, observed: false };
  const packets = chance.whole(1, 12);
  const whose = { process, unit };
  const time = Date.now();
  return {
    ...{ kind: "contact", time, remote, packets },
    ...{ ...protocol, ...how, ...whose },
  };
}

export function vitals(bans: number, chance: Chance): ItemOf<"vitals"> {
  const memory = 8 * 1024 ** 3;
  const used = Math.floor(memory * (0.3 + chance.part() * 0.4));
  return {
    ...{ kind: "vitals", time: Date.now(), cpu: chance.part() * 0.6 },
    ...{ memoryUsedBytes: used, memoryTotalBytes: memory },
    agentBytes: 60 * 1024 ** 2 + chance.whole(0, 4 * 1024 ** 2),
    uptimeSeconds: Math.floor(process.uptime()) + 86_400,
    ...{ bans, observed: 0, held: 0 },
  };
}

export function inventory({
  hostname,
  system,
  version,
}: HostCast): ItemOf<"inventory"> {
  return {
    ...{ kind: "inventory", time: Date.now(), hostname, system, version },
    ...{ kernel: "6.1.0-37-amd64", arch: "x64", cpus: 4 },
    memoryTotalBytes: 8 * 1024 ** 3,
  };
}

/** A condition of the catalogue comes, or goes. */
export function raised(
  code: HealthCode,
  state: "raised" | "cleared" = "raised",
): ItemOf<"health"> {
  const { severity, text } = catalogue[code];
  const said = text(DETAILS[code] ?? "for a demonstration");
  return {
    kind: "health",
    time: Date.now(),
    code,
    severity,
    state,
    text: said,
  };
}

const DETAILS: Readonly<Partial<Record<HealthCode, string>>> = {
  "sensor-blind": "of sshd nothing was read for an hour, though it runs",
  "disk-reserve": "31 MB are left on /var",
  "not-enforcing": "the kernel holds no bans of ours",
  observing: "tourniquet enforce ends that",
};
