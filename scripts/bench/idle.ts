import { readFileSync } from "node:fs";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import type { TelemetryReport } from "../../service/control/list-views.js";
import { Lab, type LabHost } from "../lab/lab.js";
import { output, until } from "../lab/run.js";
import { alone, type Row } from "./report.js";

/**
 * What an agent costs that has nothing to do: no bans, no attackers, a link to
 * its cloud. What it sends is what the kernel counts on its socket, answers to
 * the cloud's heartbeats included, TCP's own headers not.
 */
export async function benchIdle(): Promise<readonly Row[]> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const host = await lab.startHost(cloud, "host");
  await until("what is said at the start is said", () => hasSettled(host));
  await systemClock.sleep(SETTLING_MS);
  const before = await lookAt(host);
  await systemClock.sleep(WATCHED_MS);
  const after = await lookAt(host);
  const rows = rowsOf(before, after);
  host.process?.kill("SIGTERM");
  await host.process?.ended;
  await using enforcer = await openNftables(systemBanClock);
  await enforcer.cleanUp();
  return rows;
}

const CLOUD_PORT = 18_446;
const SETTLING_MS = 10_000;
const WATCHED_MS = 60_000;

const GOALS = {
  ...{ cpuPercent: 0.5, megabytes: 90 },
  bytesPerMinute: { sent: 1_024, received: 400 },
};

interface Sight {
  readonly at: number;
  /** Of the processor, user and system. */
  readonly cpuMs: number;
  readonly sent: number;
  readonly received: number;
  readonly memory: number;
  readonly peak: number;
}

function rowsOf(before: Sight, after: Sight): readonly Row[] {
  const ms = after.at - before.at;
  const cpu = ((after.cpuMs - before.cpuMs) / ms) * 100;
  const perMinute = (bytes: number) => (bytes / ms) * 60_000;
  const sent = perMinute(after.sent - before.sent);
  const received = perMinute(after.received - before.received);
  const memory = after.memory / 1e6;
  const seconds = Math.round(ms / 1000);
  return [
    alone({
      what: `processor, idle for ${seconds} s`,
      unit: "% of a core",
      ours: cpu,
      goal: `≤ ${GOALS.cpuPercent} %`,
      met: cpu <= GOALS.cpuPercent,
    }),
    alone({
      what: "sent to the cloud",
      unit: "bytes/min",
      ours: sent,
      goal: `≤ ${GOALS.bytesPerMinute.sent}`,
      met: sent <= GOALS.bytesPerMinute.sent,
    }),
    alone({
      what: "received from the cloud",
      unit: "bytes/min",
      ours: received,
      goal: `≤ ${GOALS.bytesPerMinute.received}`,
      met: received <= GOALS.bytesPerMinute.received,
    }),
    alone({
      what: "sent since the start, hello included",
      unit: "bytes",
      ours: after.sent,
    }),
    alone({
      what: "RSS without bans",
      unit: "MB",
      ours: memory,
      goal: `≤ ${GOALS.megabytes} MB`,
      met: memory <= GOALS.megabytes,
    }),
    alone({
      what: "RSS without bans: peak",
      unit: "MB",
      ours: after.peak / 1e6,
    }),
  ];
}

/** The inventory is acknowledged: that is the last word of a start. */
async function hasSettled(host: LabHost): Promise<true | undefined> {
  const { spool } = await host.ask<TelemetryReport>("/v1/telemetry");
  return spool !== null && spool.acked > 0 && spool.next === null
    ? true
    : undefined;
}

async function lookAt(host: LabHost): Promise<Sight> {
  return {
    at: performance.now(),
    cpuMs: cpuMsOf(host.process?.pid ?? 0),
    ...(await trafficTo(CLOUD_PORT)),
    memory: host.memory("VmRSS"),
    peak: host.memory("VmHWM"),
  };
}

/** Fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, rest = ""] = stat.split(") ");
  const fields = rest.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What the agent's socket has carried, without what was sent twice by TCP. */
async function trafficTo(
  port: number,
): Promise<{ readonly sent: number; readonly received: number }> {
  const ss = ["ss", "--tcp", "--info", "--no-header", "--numeric"];
  const text = await output([...ss, "dst", `127.0.0.1:${port}`]);
  const count = (name: string) =>
    Number(new RegExp(`\\b${name}:(\\d+)`).exec(text)?.[1] ?? 0);
  const sent = count("bytes_acked");
  if (sent === 0) throw new Error(`no link to port ${port} is seen: ${text}`);
  return { sent, received: count("bytes_received") };
}
