import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { Lab, type LabHost } from "../lab/lab.js";
import { until } from "../lab/run.js";
import { scattered } from "./lists.js";
import { alone, type Row } from "./report.js";

/**
 * What an agent takes that holds a million bans: after taking them in, after a
 * restart that finds the kernel as it was, and after one that has to build it.
 */
export async function benchMemory(): Promise<readonly Row[]> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const text = scattered(BANS).cidrs.map(formatCidr).join("\n");
  const { offset } = await cloud.api<{ offset: number }>(
    "POST",
    "/api/v1/imports",
    text,
  );
  const host = await lab.startHost(cloud, "host");
  const rows = await measured(host, offset, "snapshot taken in");
  await stop(host);
  await lab.startAgent(host);
  rows.push(...(await measured(host, offset, "restarted, kernel as it was")));
  await stop(host);
  await using enforcer = await openNftables(systemBanClock);
  await enforcer.cleanUp();
  await lab.startAgent(host);
  rows.push(...(await measured(host, offset, "restarted, kernel empty")));
  await stop(host);
  await enforcer.cleanUp();
  return rows;
}

const BANS = 1_000_000;
const CLOUD_PORT = 18_445;
const GOAL_MB = 120;

/** Long enough for what the work left behind to be collected. */
const SETTLING_MS = 10_000;

async function measured(
  host: LabHost,
  offset: number,
  when: string,
): Promise<Row[]> {
  await until(
    "a million bans are in force",
    async () => {
      const { feeds, enforcing } = await host.status();
      const feed = feeds.find((each) => each.feed === "reputation");
      return (enforcing && feed?.offset === offset) || undefined;
    },
    180_000,
  );
  await systemClock.sleep(SETTLING_MS);
  const what = `RSS with ${BANS.toLocaleString("en")} bans, ${when}`;
  const now = host.memory("VmRSS") / 1e6;
  return [
    alone({
      what,
      unit: "MB",
      ours: now,
      goal: `≤ ${GOAL_MB} MB`,
      met: now <= GOAL_MB,
    }),
    alone({
      what: `${what}: peak`,
      unit: "MB",
      ours: host.memory("VmHWM") / 1e6,
    }),
  ];
}

async function stop(host: LabHost): Promise<void> {
  host.process?.kill("SIGTERM");
  await host.process?.ended;
}
