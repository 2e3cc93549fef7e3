import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lab, type LabCloud, type LabHost } from "../lab/lab.js";
import { until } from "../lab/run.js";
import { scattered } from "./lists.js";
import { alone, median, quantile, type Row } from "./report.js";

/**
 * From an operator's order to the kernel of a host: cloud and agent are real
 * processes, and this third one looks into the kernel itself until the address
 * is there. Both fsyncs, HTTP and the WebSocket are included.
 */
export async function benchPush(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const loaded of [0, 100_000]) {
    const times = await decisions(loaded);
    rows.push(...rowsOf(loaded, times));
  }
  return rows;
}

const DECISIONS = 600;
const CLOUD_PORT = 18_444;

function rowsOf(loaded: number, times: readonly number[]): readonly Row[] {
  const what = `order → kernel, ${loaded.toLocaleString("en")} bans loaded`;
  const p50 = median(times);
  const p99 = quantile(times, 0.99);
  const goal = loaded > 0;
  return [
    alone({
      what: `${what}, p50 of ${times.length}`,
      unit: "ms",
      ours: p50,
      spread: p99 / p50,
      goal: goal ? "≤ 5 ms" : null,
      met: goal ? p50 <= 5 : null,
    }),
    alone({
      what: `${what}, p99`,
      unit: "ms",
      ours: p99,
      goal: goal ? "≤ 50 ms" : null,
      met: goal ? p99 <= 50 : null,
    }),
  ];
}

async function decisions(loaded: number): Promise<readonly number[]> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const host = await lab.startHost(cloud, "host");
  await using enforcer = await openNftables(systemBanClock);
  if (loaded > 0) await load(cloud, host, loaded);
  const times: number[] = [];
  for (let i = 0; i < DECISIONS; i++) {
    times.push(
      await oneDecision(cloud, enforcer, `198.18.${i >> 8}.${i & 255}`),
    );
  }
  await enforcer.cleanUp();
  return times;
}

async function load(
  cloud: LabCloud,
  host: LabHost,
  count: number,
): Promise<void> {
  const text = scattered(count).cidrs.map(formatCidr).join("\n");
  const { offset } = await cloud.api<{ offset: number }>(
    "POST",
    "/api/v1/imports",
    text,
  );
  await until(
    "the list is in force",
    async () => {
      const { feeds, enforcing } = await host.status();
      const feed = feeds.find((each) => each.feed === "reputation");
      return (enforcing && feed?.offset === offset) || undefined;
    },
    120_000,
  );
}

/** Milliseconds until the kernel itself has the address. */
async function oneDecision(
  cloud: LabCloud,
  enforcer: Enforcer,
  range: string,
): Promise<number> {
  const cidrs = [parseCidr(range)];
  const start = performance.now();
  const order = { range, for: "1h", reason: "benchmark" };
  const answered = cloud.api("POST", "/api/v1/bans", order);
  for (;;) {
    await enforcer.read(); // sets may have come since it last looked
    const [held] = await enforcer.hasBan(cidrs);
    const taken = performance.now() - start;
    if (held === true) {
      await answered;
      return taken;
    }
    if (taken > 5_000) throw new Error(`${range} did not reach the kernel`);
    // Looking without a pause would take the processor from whom we wait for.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
