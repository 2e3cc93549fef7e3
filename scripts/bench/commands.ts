import { spawn } from "node:child_process";
import { once } from "node:events";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { Lab, type LabHost } from "../lab/lab.js";
import { output } from "../lab/run.js";
import { scattered } from "./lists.js";
import { alone, median, type Row } from "./report.js";

/**
 * What people wait for who give commands on a host that holds a million bans, and
 * on one that is just taking them in. The start of the program is included.
 */
export async function benchCommands(): Promise<readonly Row[]> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const host = await lab.startHost(cloud, "host");
  const text = scattered(BANS).cidrs.map(formatCidr).join("\n");
  const imported = cloud.api<{ offset: number }>(
    "POST",
    "/api/v1/imports",
    text,
  );
  const waits = await whileTakenIn(host, imported);
  const rows = [
    row("status while a list is taken in, median", median(waits), 1),
    row("status while a list is taken in, longest", Math.max(...waits), 1),
  ];
  rows.push(...(await listed(host)));
  rows.push(row("confirm, with nothing to confirm", await timed(confirm), 1));
  rows.push(row("rollback of the import", await timed(rollback)));
  host.process?.kill("SIGTERM");
  await host.process?.ended;
  await using enforcer = await openNftables(systemBanClock);
  await enforcer.cleanUp();
  return rows;

  async function confirm(): Promise<void> {
    // It says so by its exit code, which is no failure here.
    await output(host.command("confirm")).catch(() => undefined);
  }
  async function rollback(): Promise<void> {
    await output(host.command("rollback"));
  }
}

const BANS = 1_000_000;
const CLOUD_PORT = 18_448;

/** How long each `status` took until all of the list was in force. */
async function whileTakenIn(
  host: LabHost,
  imported: Promise<{ offset: number }>,
): Promise<readonly number[]> {
  const waits: number[] = [];
  let wanted = Infinity;
  imported.then(
    ({ offset }) => (wanted = offset),
    () => undefined, // told below
  );
  for (;;) {
    waits.push(
      await timed(async () => {
        await shown(host);
      }),
    );
    const { feeds, enforcing } = await host.status();
    const feed = feeds.find((each) => each.feed === "reputation");
    if (enforcing && feed?.offset === wanted) break;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  await imported;
  return waits;
}

const shown = (host: LabHost): Promise<string> =>
  output(host.command("status"));

const LOOK_EVERY_MS = 200;

/** All bans, until the first of them and until the last was printed. */
async function listed(host: LabHost): Promise<readonly Row[]> {
  const [program = "", ...args] = host.command("bans", "--json");
  const started = performance.now();
  const listing = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  const took = (): number => (performance.now() - started) / 1_000;
  let first: number | undefined;
  let lines = 0;
  listing.stdout.on("data", (bytes: Buffer) => {
    first ??= took();
    for (const byte of bytes) if (byte === NEWLINE) lines += 1;
  });
  await once(listing, "close");
  if (lines < BANS) throw new Error(`bans printed ${lines} of ${BANS} lines`);
  return [
    row("bans, until the first was printed", first ?? Infinity, 0.5),
    row("bans, until all were printed", took(), 15),
  ];
}

const NEWLINE = 0x0a;

/** Seconds. */
async function timed(act: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1_000;
}

const row = (what: string, seconds: number, goal?: number): Row =>
  alone({
    what: `${BANS.toLocaleString("en")} bans: ${what}`,
    unit: "s",
    ours: seconds,
    goal: goal === undefined ? null : `≤ ${goal} s`,
    met: goal === undefined ? null : seconds <= goal,
  });
