import { join } from "node:path";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { parseCidr, type Cidr } from "../../agent/model/cidr.js";
import {
  systemBanClock,
  systemClock,
  unixSeconds,
} from "../../agent/runtime/clock.js";
import { filledLedger, folder, seconds } from "./ledgers.js";
import { realList, scattered, type List } from "./lists.js";
import { ipset, nft, type Peer } from "./peers.js";
import { alone, median, quantile, spread, type Row } from "./report.js";

/**
 * Whole lists into the kernel, and one more ban with everything loaded. Ours is
 * the agent's own road at a start: from the ledger on disk into the kernel. The
 * peers read a file that was written for them beforehand.
 */
export async function benchApply(): Promise<readonly Row[]> {
  const million = scattered(1_000_000);
  const rows: Row[] = [];
  rows.push(...(await wholeList(million, GOALS)));
  for (const path of REAL_LISTS) {
    const list = realList(path);
    if (list === undefined) {
      rows.push(
        alone({ what: path, unit: "s", ours: Number.NaN, peerName: "no data" }),
      );
    } else rows.push(...(await wholeList(list, {})));
  }
  rows.push(...(await oneMore(million)));
  return rows;
}

const GOALS = { [nft.name]: 0.6, [ipset.name]: 1.0 };

const REAL_LISTS = [
  "firehol/firehol_level4.netset",
  "firehol/firehol_level1.netset",
  "country-cidr/ipv4.txt",
  "country-cidr/ipv6.txt",
];

const ROUNDS = 3;

async function wholeList(
  list: List,
  goals: Readonly<Record<string, number>>,
): Promise<readonly Row[]> {
  using scratch = folder();
  const peers = [nft, ipset];
  const files = new Map(
    peers
      .filter(({ absent }) => absent === undefined)
      .map((peer) => [peer, peer.prepare(list.cidrs, scratch.path)]),
  );
  using ledger = filledLedger(join(scratch.path, "ledger.db"), list.cidrs);
  const ours: number[] = [];
  const theirs = new Map<Peer, number[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await loadSeconds(ledger));
    for (const [peer, file] of files) {
      peer.clear();
      theirs.get(peer)?.push(await seconds(() => peer.load(file)));
      peer.clear();
    }
  }
  return peers.map((peer) => {
    const goal = goals[peer.name];
    const times = theirs.get(peer) ?? [];
    return beside(list, ours, { peer, times, goal });
  });
}

function beside(
  { name, cidrs }: List,
  ours: readonly number[],
  against: {
    readonly peer: Peer;
    readonly times: readonly number[];
    readonly goal: number | undefined;
  },
): Row {
  const { peer, times, goal } = against;
  const what = `${name} (${cidrs.length}), ledger to kernel`;
  const common = { what, unit: "s", ours: median(ours), spread: spread(ours) };
  const limit = goal === undefined ? null : `ratio ≤ ${goal}`;
  if (times.length === 0) {
    return alone({ ...common, peerName: peer.absent ?? null, goal: limit });
  }
  const ratio = median(ours) / median(times);
  return {
    ...common,
    peer: median(times),
    peerName: peer.name,
    ratio,
    goal: limit,
    met: goal === undefined ? null : ratio <= goal,
  };
}

/** From a kernel that holds nothing to one that holds the whole ledger. */
async function loadSeconds(ledger: Ledger): Promise<number> {
  await using enforcer = await openNftables(systemBanClock);
  const taken = await seconds(() => rebuild(enforcer, ledger));
  await enforcer.cleanUp();
  return taken;
}

async function rebuild(enforcer: Enforcer, ledger: Ledger): Promise<void> {
  const label = { ledger: ledger.id, revision: ledger.revision() };
  const now = unixSeconds(systemClock.now());
  async function* entries() {
    for (const slice of ledger.entries(3_000, now)) {
      yield slice;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await enforcer.rebuild(label, entries());
}

/** One more /32 and one more /24, read back each, with a million and ranges loaded. */
async function oneMore(million: List): Promise<readonly Row[]> {
  using scratch = folder();
  const ranges = realList("firehol/firehol_level4.netset")?.cidrs ?? [];
  const loaded = [
    ...million.cidrs,
    ...ranges.filter(({ prefix }) => prefix < 32),
  ];
  using ledger = filledLedger(join(scratch.path, "ledger.db"), loaded);
  await using enforcer = await openNftables(systemBanClock);
  await rebuild(enforcer, ledger);
  const rows: Row[] = [];
  for (const prefix of [32, 24]) {
    const ours = await ourAdditions(enforcer, prefix);
    rows.push(
      ...additionRows(prefix, ours, await peerAdditions(loaded, prefix)),
    );
  }
  await enforcer.cleanUp();
  return rows;
}

const ADDITIONS = 1_000;

/** A peer's range may take seconds each: a few say enough. */
const PEER_ADDITIONS = 20;

async function ourAdditions(
  enforcer: Enforcer,
  prefix: number,
): Promise<readonly number[]> {
  const kernel = await enforcer.read();
  let revision = kernel.at === "present" ? kernel.revision : 0;
  const expiresAt = unixSeconds(systemClock.now()) + 3_600;
  const times: number[] = [];
  for (let i = 0; i < ADDITIONS; i++) {
    const cidr = fresh(prefix, i);
    const put = [{ cidr, expiresAt, observed: false }];
    const change = { revision: ++revision, put, remove: [] };
    times.push((await seconds(() => enforcer.apply(change))) * 1000);
  }
  return times;
}

async function peerAdditions(
  loaded: readonly Cidr[],
  prefix: number,
): Promise<number | undefined> {
  if (nft.absent !== undefined) return undefined;
  using scratch = folder();
  nft.clear();
  nft.load(nft.prepare(loaded, scratch.path));
  const times: number[] = [];
  for (let i = 0; i < PEER_ADDITIONS; i++) {
    times.push((await seconds(() => nft.add(fresh(prefix, i)))) * 1000);
  }
  nft.clear();
  return median(times);
}

function additionRows(
  prefix: number,
  ours: readonly number[],
  peer: number | undefined,
): readonly Row[] {
  const what = `one more /${prefix} with all loaded`;
  const p50 = median(ours);
  const p99 = quantile(ours, 0.99);
  return [
    {
      what: `${what}, p50`,
      unit: "ms",
      ours: p50,
      peer: peer ?? null,
      peerName: peer === undefined ? (nft.absent ?? null) : "nft add element",
      ratio: peer === undefined ? null : p50 / peer,
      spread: p99 / p50,
      goal: "≤ 0.1 ms",
      met: p50 <= 0.1,
    },
    alone({
      what: `${what}, p99`,
      unit: "ms",
      ours: p99,
      goal: "≤ 2 ms",
      met: p99 <= 2,
    }),
  ];
}

/** Addresses of the benchmarking range that no list holds (RFC 2544). */
function fresh(prefix: number, i: number): Cidr {
  return prefix === 32
    ? parseCidr(`198.18.${i >> 8}.${i & 255}`)
    : parseCidr(`${198 + (i >> 16)}.${20 + (i >> 8)}.${i & 255}.0/24`);
}
