import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { NOW } from "../../support/vectors.js";

/** One item of every kind, in the order of the protocol. */
export const itemsOfEveryKind: TelemetryItem[] = [
  {
    kind: "detection",
    time: NOW,
    sensor: "sshd",
    source: "203.0.113.9",
    count: 5,
    firstSeen: NOW - 9_000,
    lastSeen: NOW - 1,
    action: "held",
    rule: "never-this-host",
  },
  {
    kind: "hits",
    from: NOW - 60_000,
    to: NOW,
    top: [
      {
        remote: "2001:db8::1",
        direction: "in",
        protocol: 6,
        port: 22,
        packets: 120,
        bytes: 7_200,
      },
    ],
    others: { remotes: 3, packets: 5, bytes: 300 },
  },
  {
    kind: "vitals",
    time: NOW,
    cpu: 0.125,
    memoryUsedBytes: 1_500_000_000,
    memoryTotalBytes: 4_000_000_000,
    agentBytes: 80_000_000,
    uptimeSeconds: 86_400,
    bans: 100_000,
    observed: 250,
    held: 1,
  },
  {
    kind: "inventory",
    time: NOW,
    hostname: "web-1.example",
    system: "Debian GNU/Linux 12",
    kernel: "6.1.0-28-amd64",
    arch: "x64",
    cpus: 2,
    memoryTotalBytes: 4_000_000_000,
    version: "0.1.0",
  },
  {
    kind: "health",
    time: NOW,
    code: "not-enforcing",
    severity: "high",
    state: "raised",
    text: "this host is not enforcing: the kernel holds no bans of ours",
  },
  {
    kind: "health",
    time: NOW,
    code: "ruleset-disturbed",
    severity: "medium",
    state: "happened",
    text: "the bans in the kernel were disturbed: nft (pid 4711) removed the table; put right after 21 ms",
  },
  { kind: "dropped", time: NOW, items: 778, reason: "spool-full" },
];
