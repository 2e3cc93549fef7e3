import type { ItemOf } from "../../../agent/protocol/telemetry.js";

/** What a sensor reports when `source` failed five times just now. */
export function detection(
  source: string,
  more: Partial<ItemOf<"detection">> = {},
): ItemOf<"detection"> {
  const time = more.time ?? Date.now();
  return {
    ...{ kind: "detection", time, sensor: "sshd", source, count: 5 },
    ...{ firstSeen: time - 1_000, lastSeen: time, action: "banned" },
    ...more,
  };
}

/** Ten packets of each remote, and as many of others. */
export function hits(...remotes: readonly string[]): ItemOf<"hits"> {
  const to = Date.now();
  return {
    ...{ kind: "hits", from: to - 60_000, to },
    top: remotes.map((remote) => ({
      ...{ remote, direction: "in", protocol: 6, port: 22 },
      ...{ forwarded: false, observed: false },
      ...{ packets: 10, bytes: 600 },
    })),
    others: { remotes: 1, packets: 10, bytes: 600, observed: 0 },
  };
}

/** A process that began to call `remote`. */
export function contact(
  remote: string,
  more: Partial<ItemOf<"contact">> = {},
): ItemOf<"contact"> {
  return {
    ...{ kind: "contact", time: Date.now(), remote, protocol: 6, port: 443 },
    ...{ packets: 1, begun: true, forwarded: false, observed: false },
    ...more,
  };
}

export function vitals(bans = 0): ItemOf<"vitals"> {
  return {
    ...{ kind: "vitals", time: Date.now(), cpu: 0.25, uptimeSeconds: 60 },
    ...{ memoryUsedBytes: 1_000, memoryTotalBytes: 2_000, agentBytes: 100 },
    ...{ bans, observed: 0, held: 0 },
  };
}

export function inventory(): ItemOf<"inventory"> {
  return {
    ...{ kind: "inventory", time: Date.now(), hostname: "web-1", cpus: 2 },
    ...{ system: "Debian 12", kernel: "6.1.0", arch: "x64" },
    ...{ memoryTotalBytes: 2_000, version: "0.2.0" },
  };
}

export function health(
  code: string,
  state: ItemOf<"health">["state"] = "raised",
): ItemOf<"health"> {
  const text = "it is so";
  return {
    kind: "health",
    time: Date.now(),
    code,
    severity: "high",
    state,
    text,
  };
}

/** As large as hits may be: some 18 KB. */
export const heavyHits = (): ItemOf<"hits"> =>
  hits(...Array.from({ length: 100 }, (_, i) => `2001:db8:${i}:1234::/64`));
