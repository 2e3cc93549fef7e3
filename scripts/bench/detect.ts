import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { Lab } from "../lab/lab.js";
import { scattered } from "./lists.js";
import {
  end,
  fail2ban,
  failedLogin,
  groupMemory,
  MAXRETRY,
  Monitor,
  sshguard,
  type LogPeer,
} from "./log-peers.js";
import { alone, median, quantile, type Row } from "./report.js";

/**
 * From a line in a log to the kernel: distinct attackers one by one, then a
 * hundred thousand at once and one more behind them. The agent is a real
 * process; this one writes the log and looks into the kernel itself. The peers
 * read the same lines in the same run, and `nft monitor` tells of their bans.
 */
export async function benchDetect(): Promise<readonly Row[]> {
  const ours = await measureOurs();
  const theirs: [LogPeer, Figures | undefined][] = [];
  for (const peer of [sshguard, fail2ban]) {
    if (peer.absent !== undefined) theirs.push([peer, undefined]);
    else theirs.push(await measuredOrNot(peer));
  }
  return rowsOf(ours, theirs);
}

/** What goes wrong with a peer is told in its place, and ours still counts. */
async function measuredOrNot(
  peer: LogPeer,
): Promise<[LogPeer, Figures | undefined]> {
  try {
    return [peer, await measurePeer(peer)];
  } catch (error) {
    const absent = `${peer.name} fails: ${(error as Error).message}`;
    return [{ ...peer, absent }, undefined];
  }
}

interface Figures {
  /** Milliseconds from the last line of each attacker to the kernel. */
  readonly times: readonly number[];
  readonly burst: Burst;
}

interface Burst {
  readonly linesPerSecond: number;
  /** Milliseconds until the marker behind the burst was banned. */
  readonly markerMs: number;
  readonly growthBytes: number;
}

/** A log that attackers fail in, and somebody who sees the bans. */
interface Scene {
  readonly log: string;
  /** Resolves to `performance.now()` when it is banned; undefined when not. */
  banned(address: string, mostMs: number): Promise<number | undefined>;
  bytes(): number;
}

const ATTACKERS = 300;
const PEER_ATTACKERS = 60;
const BURST = 100_000;
const CLOUD_PORT = 18_446;

async function measureOurs(): Promise<Figures> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const log = join(lab.folder, "auth.log");
  writeFileSync(log, "");
  const sensors = {
    sshd: { source: { file: log, onlySshd: true }, maxretry: MAXRETRY },
  };
  const host = await lab.startHost(cloud, "host", { config: { sensors } });
  await systemClock.sleep(SETTLING_MS);
  await using enforcer = await openNftables(systemBanClock);
  const scene: Scene = {
    log,
    banned: (address, mostMs) => inKernel(enforcer, address, mostMs),
    bytes: () => host.memory("VmRSS"),
  };
  const figures = await measure(scene, ATTACKERS, 60_000);
  await enforcer.cleanUp();
  return figures;
}

async function measurePeer(peer: LogPeer): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-bench-"));
  const log = join(folder, "auth.log");
  writeFileSync(log, "");
  const process = await peer.start(log, folder);
  await using monitor = new Monitor();
  await systemClock.sleep(SETTLING_MS);
  const scene: Scene = {
    log,
    banned: (address, mostMs) => monitor.seen(address, mostMs),
    bytes: () => groupMemory(process),
  };
  try {
    await awake(scene);
    return await measure(scene, PEER_ATTACKERS, PEER_PATIENCE_MS);
  } finally {
    await end(process);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Attackers that do not count, until one is banned: it has started then. */
async function awake(scene: Scene): Promise<void> {
  for (let i = 1; i <= 15; i++) {
    const address = `198.19.1.${i}`;
    const banned = scene.banned(address, 2_000);
    for (let line = 0; line < MAXRETRY; line++) {
      appendFileSync(scene.log, failedLogin(address, 200_000 + 10 * i + line));
    }
    if ((await banned) !== undefined) return;
  }
  throw new Error("it bans nobody");
}

const SETTLING_MS = 2_000;
const PEER_PATIENCE_MS = 60_000;

async function measure(
  scene: Scene,
  attackers: number,
  patienceMs: number,
): Promise<Figures> {
  const times: number[] = [];
  for (let i = 0; i < attackers; i++) {
    const address = `198.18.${i >> 8}.${i & 255}`;
    times.push(await oneAttacker(scene, address, MAXRETRY * i));
  }
  return { times, burst: await burst(scene, patienceMs) };
}

/** Its first failures are read before the last one is written. */
async function oneAttacker(
  scene: Scene,
  address: string,
  pid: number,
): Promise<number> {
  for (let i = 1; i < MAXRETRY; i++) {
    appendFileSync(scene.log, failedLogin(address, pid + i));
  }
  await systemClock.sleep(BETWEEN_MS);
  const banned = scene.banned(address, 10_000);
  const start = performance.now();
  appendFileSync(scene.log, failedLogin(address, pid + MAXRETRY));
  const at = await banned;
  if (at === undefined) throw new Error(`${address} was not banned`);
  return at - start;
}

const BETWEEN_MS = 30;
const MARKER = "198.19.255.1";

/** One failure of each of very many, written at once; then one who is banned. */
async function burst(scene: Scene, patienceMs: number): Promise<Burst> {
  const lines = scattered(BURST).cidrs.map((cidr, i) =>
    failedLogin(formatCidr(cidr), 100_000 + i),
  );
  const marker = Array.from({ length: MAXRETRY }, (_, i) =>
    failedLogin(MARKER, 300_000 + i),
  );
  const before = scene.bytes();
  let peak = before;
  const banned = scene.banned(MARKER, patienceMs);
  const start = performance.now();
  appendFileSync(scene.log, lines.join(""));
  appendFileSync(scene.log, marker.join(""));
  using _watch = systemClock.every(100, () => {
    peak = Math.max(peak, scene.bytes());
  });
  const at = await banned;
  peak = Math.max(peak, scene.bytes());
  const markerMs = at === undefined ? Infinity : at - start;
  const linesPerSecond = (BURST / markerMs) * 1_000;
  return { linesPerSecond, markerMs, growthBytes: peak - before };
}

async function inKernel(
  enforcer: Enforcer,
  address: string,
  mostMs: number,
): Promise<number | undefined> {
  const cidrs = [parseCidr(address)];
  const start = performance.now();
  for (;;) {
    await enforcer.read(); // sets may have come since it last looked
    const [held] = await enforcer.hasBan(cidrs);
    const now = performance.now();
    if (held === true) return now;
    if (now - start > mostMs) return undefined;
    // Looking without a pause would take the processor from whom we wait for.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function rowsOf(
  ours: Figures,
  theirs: readonly (readonly [LogPeer, Figures | undefined])[],
): readonly Row[] {
  return MEASURES.flatMap(({ what, unit, of, goal, meets }) =>
    theirs.map(([peer, figures]) => {
      const mine = of(ours);
      const common = { what, unit, ours: mine, goal, met: meets(mine) };
      if (figures === undefined) {
        return alone({ ...common, peerName: peer.absent ?? null });
      }
      const their = of(figures);
      // A peer that never got there has no figure, only the patience it was given.
      if (!Number.isFinite(their) || their === 0) {
        const peerName = `${peer.name}: not within ${PEER_PATIENCE_MS / 1_000} s`;
        return alone({ ...common, peerName });
      }
      const ratio = mine / their;
      return { ...alone(common), peer: their, peerName: peer.name, ratio };
    }),
  );
}

interface Measure {
  readonly what: string;
  readonly unit: string;
  readonly of: (figures: Figures) => number;
  readonly goal: string;
  readonly meets: (value: number) => boolean;
}

const burstOf = BURST.toLocaleString("en");

const MEASURES: readonly Measure[] = [
  {
    what: `log line → kernel, p50 of ${ATTACKERS} attackers`,
    unit: "ms",
    of: ({ times }) => median(times),
    goal: "≤ 5 ms",
    meets: (ms) => ms <= 5,
  },
  {
    what: "log line → kernel, p99",
    unit: "ms",
    of: ({ times }) => quantile(times, 0.99),
    goal: "≤ 50 ms",
    meets: (ms) => ms <= 50,
  },
  {
    what: `${burstOf} distinct attackers at once`,
    unit: "lines/s",
    of: ({ burst }) => burst.linesPerSecond,
    goal: "≥ 100,000 lines/s",
    meets: (rate) => rate >= 100_000,
  },
  {
    what: `a marker behind ${burstOf} attackers, banned after`,
    unit: "s",
    of: ({ burst }) => burst.markerMs / 1_000,
    goal: "≤ 1 s",
    meets: (seconds) => seconds <= 1,
  },
  {
    what: `RSS growth through ${burstOf} attackers`,
    unit: "MB",
    of: ({ burst }) => burst.growthBytes / 1e6,
    goal: "≤ 64 MB",
    meets: (megabytes) => megabytes <= 64,
  },
];
