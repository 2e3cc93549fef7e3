import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { nodeAsIn, readUnit } from "../lab/unit.js";
import { restartOfFail2ban } from "./fail2ban-restart.js";
import { filledLedger, folder, seconds } from "./ledgers.js";
import { realList, scattered, type List } from "./lists.js";
import { ipset, nft, type Peer } from "./peers.js";
import { alone, median, spread, type Row } from "./report.js";

/**
 * What a boot waits for: from the start of the process to its end, with a kernel
 * that holds nothing. The peers load a file that was written for them before.
 */
export async function benchRestore(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  rows.push(...(await restored(scattered(10_000), {})));
  rows.push(...(await besideFail2ban(FAIL2BAN_BANS)));
  rows.push(...(await restored(scattered(100_000), { seconds: 1 })));
  const ratios = { [nft.name]: 0.6, [ipset.name]: 1.0 };
  rows.push(...(await restored(scattered(1_000_000), { seconds: 5, ratios })));
  const level4 = realList(LEVEL4);
  if (level4) rows.push(...(await restored(level4, {})));
  else {
    const missing = { ours: Number.NaN, peerName: "no data" };
    rows.push(alone({ what: LEVEL4, unit: "s", ...missing }));
  }
  return rows;
}

const LEVEL4 = "firehol/firehol_level4.netset";
const FAIL2BAN_BANS = 10_000;
const ROUNDS = 3;

interface Goals {
  /** From start to end of the process. */
  readonly seconds?: number;
  /** Ours / theirs, by the name of the peer. */
  readonly ratios?: Readonly<Record<string, number>>;
}

/** One list, by every way of starting the process, and by the peers. */
async function restored(list: List, goals: Goals): Promise<readonly Row[]> {
  using scratch = folder();
  const config = configFor(list, scratch.path);
  const what = `${list.name} (${list.cidrs.length})`;
  const times = await timed(list, config, scratch.path);
  const rows = [...STARTS.keys()].map((start) =>
    plain(`${what}, ${start}`, times.get(start) ?? [], goals.seconds),
  );
  const ours = times.get(COMMAND) ?? [];
  for (const peer of PEERS) {
    const theirs = times.get(peer.name) ?? [];
    rows.push(beside(what, ours, { peer, theirs }, goals.ratios?.[peer.name]));
  }
  const peak = (await peakBytes(UNIT, config)) / 1e6;
  rows.push(alone({ what: `${what}, peak RSS`, unit: "MB", ours: peak }));
  return rows;
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const COMMAND = "tourniquet restore";
const UNIT = "as its unit starts it";

/** What the process is started with. */
const STARTS: ReadonlyMap<string, readonly string[]> = new Map([
  [COMMAND, [join(ROOT, "service/tourniquet")]],
  [UNIT, nodeAsIn(readUnit("tourniquet-restore"))],
]);

const PEERS = [nft, ipset];

function configFor({ cidrs }: List, path: string): string {
  filledLedger(join(path, "ledger.db"), cidrs)[Symbol.dispose]();
  const config = join(path, "config.yaml");
  writeFileSync(config, `stateDir: ${path}\n`);
  return config;
}

/** Seconds by what was started: all of them in turn, in every round. */
async function timed(
  { cidrs }: List,
  config: string,
  path: string,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  const note = (name: string, taken: number) =>
    times.set(name, [...(times.get(name) ?? []), taken]);
  const files = PEERS.filter(({ absent }) => absent === undefined).map(
    (peer) => [peer, peer.prepare(cidrs, path)] as const,
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const start of STARTS.keys()) {
      note(start, await seconds(() => restore(start, config)));
      await emptyKernel();
    }
    for (const [peer, file] of files) {
      peer.clear();
      note(peer.name, await seconds(() => peer.load(file)));
      peer.clear();
    }
  }
  return times;
}

function restore(start: string, config: string): void {
  const [program = "", ...args] = commandOf(start, config);
  const said = execFileSync(program, args, { encoding: "utf8" });
  if (!said.startsWith("the kernel holds")) throw new Error(said);
}

const commandOf = (start: string, config: string): readonly string[] => [
  ...(STARTS.get(start) ?? []),
  ...["--config", config, "restore"],
];

async function emptyKernel(): Promise<void> {
  await using enforcer = await openNftables(systemBanClock);
  await enforcer.cleanUp();
}

/** The most memory that it had, looked at while it runs: in a run of its own. */
async function peakBytes(start: string, config: string): Promise<number> {
  const [program = "", ...args] = commandOf(start, config);
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, highWater(child.pid ?? 0));
  }, 2);
  await ended;
  clearInterval(look);
  await emptyKernel();
  return peak;
}

function highWater(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, kilobytes = 0] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    return Number(kilobytes) * 1_024;
  } catch {
    return 0; // it has just ended
  }
}

function plain(
  what: string,
  times: readonly number[],
  limit: number | undefined,
): Row {
  const ours = median(times);
  const common = { what, unit: "s", ours, spread: spread(times) };
  if (limit === undefined) return alone(common);
  return alone({ ...common, goal: `≤ ${limit} s`, met: ours <= limit });
}

function beside(
  what: string,
  times: readonly number[],
  { peer, theirs }: { peer: Peer; theirs: readonly number[] },
  limit: number | undefined,
): Row {
  const ours = median(times);
  const common = { what, unit: "s", ours, spread: spread(times) };
  const goal = limit === undefined ? null : `ratio ≤ ${limit}`;
  if (theirs.length === 0) {
    return alone({ ...common, goal, peerName: peer.absent ?? null });
  }
  const ratio = ours / median(theirs);
  return alone({
    ...common,
    ...{ peer: median(theirs), peerName: peer.name, ratio },
    ...{ goal, met: limit === undefined ? null : ratio <= limit },
  });
}

/** One restart of fail2ban takes minutes: one round says enough. */
async function besideFail2ban(bans: number): Promise<readonly Row[]> {
  using scratch = folder();
  const config = configFor(scattered(bans), scratch.path);
  const ours = await seconds(() => restore(COMMAND, config));
  await emptyKernel();
  const what = `restart with ${bans.toLocaleString("en")} bans`;
  const theirs = await restartOfFail2ban(scattered(bans).cidrs, scratch.path);
  if (theirs.at === "absent") {
    return [alone({ what, unit: "s", ours, peerName: theirs.why })];
  }
  const { seconds: peer, restored } = theirs;
  const peerName = `fail2ban, ${restored.toLocaleString("en")} restored`;
  return [alone({ what, unit: "s", ours, peer, peerName, ratio: ours / peer })];
}
