import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import type { Cidr, Family } from "../../agent/model/cidr.js";
import {
  systemBanClock,
  systemClock,
  unixSeconds,
} from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { packed } from "../../test/support/agent/entries.js";
import { realList, scattered, type List } from "./lists.js";
import {
  absence,
  intervalSet,
  ipsetRules,
  noRules,
  table,
  type Contestant,
} from "./packet/contestants.js";
import { oneRangeMore } from "./packet/one-more.js";
import { Sources } from "./packet/sources.js";
import { Wire } from "./packet/wire.js";
import { nft } from "./peers.js";
import { alone, median, spread, type Row } from "./report.js";

/**
 * What the rules add to the cost of a packet that is received, beside what
 * others add with the same entries: packets from many sources that nobody
 * banned, and from banned ones. And what one more range takes with all loaded.
 */
export async function benchPacket(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const content of contents()) {
    if (typeof content === "string") {
      rows.push(
        alone({ what: content, unit: "ns", ours: NaN, peerName: "no data" }),
      );
    } else rows.push(...(await withContent(content)));
  }
  return rows;
}

/** Level 4, and every country's ranges with half a million single addresses. */
function contents(): readonly (List | string)[] {
  const level4 = realList("firehol/firehol_level4.netset");
  const countries = [4, 6].map((family) =>
    realList(`country-cidr/ipv${family}.txt`),
  );
  const [ipv4, ipv6] = countries;
  return [
    level4 ? { ...level4, name: "level 4" } : "firehol/firehol_level4.netset",
    ipv4 && ipv6
      ? {
          name: "countries + 500,000",
          cidrs: [...scattered(500_000).cidrs, ...ipv4.cidrs, ...ipv6.cidrs],
        }
      : "country-cidr",
  ];
}

const ROUNDS = 9;
const PACKETS_A_ROUND = 65_536;
/** As many as hits are counted of, at most. */
const SOURCES = { unbanned: 65_536, beside: 65_536, banned: 16_384 };
const GOAL = 0.4;

async function withContent(content: List): Promise<readonly Row[]> {
  await using opened = new Lifetime();
  const folder = scratch(opened);
  const errands = errandsFor(content, folder);
  const enforcer = opened.own(await openNftables(systemBanClock));
  await load(enforcer, content.cidrs);
  const contestants = [
    noRules,
    table("tourniquet"),
    ipsetRules(content.cidrs, folder),
    intervalSet(content.cidrs, folder),
  ].filter((each) => each !== undefined);
  for (const each of contestants.slice(1)) rest(each);
  const costs = await compared(contestants, errands);
  for (const each of contestants.slice(2)) each.clear();
  table("tourniquet").on();
  const ranges = await oneRangeMore(enforcer, content.name);
  await enforcer.cleanUp();
  return [
    ...errands.flatMap((errand) => rowsOf(content, errand, costs)),
    ...ranges,
  ];
}

/** Packets of one kind. */
interface Errand {
  readonly kind: keyof typeof SOURCES;
  readonly family: Family;
  readonly path: string;
  readonly packets: number;
  /** A list may have no ban of the family: the rules cost something all the same. */
  readonly hasBans: boolean;
}

function errandsFor({ cidrs }: List, folder: string): readonly Errand[] {
  return ([4, 6] as const).flatMap((family) => {
    const sources = new Sources(family, cidrs);
    const kinds = sources.hasBans ? KINDS : (["unbanned"] as const);
    return kinds.map((kind) => {
      const path = join(folder, `${kind}${family}`);
      writeFileSync(path, sources[kind](SOURCES[kind]));
      const { hasBans } = sources;
      return { kind, family, path, packets: PACKETS_A_ROUND, hasBans };
    });
  });
}

const KINDS = ["unbanned", "beside", "banned"] as const;

/** Costs of a packet by contestant and errand, one for each round. */
type Costs = ReadonlyMap<string, ReadonlyMap<Errand, readonly number[]>>;

/** Everybody in turn, round after round: what drifts, drifts for all. */
async function compared(
  contestants: readonly Contestant[],
  errands: readonly Errand[],
): Promise<Costs> {
  await using wire = await Wire.open();
  const costs = new Map(
    contestants.map(({ name }) => [
      name,
      new Map(errands.map((errand) => [errand, new Array<number>()])),
    ]),
  );
  for (const errand of errands) await wire.send(errand); // warms up
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) {
      contestant.on();
      for (const errand of errands) {
        costs
          .get(contestant.name)
          ?.get(errand)
          ?.push(await wire.send(errand));
      }
      contestant.off();
    }
  }
  return costs;
}

function rowsOf({ name }: List, errand: Errand, costs: Costs): readonly Row[] {
  const { kind, family } = errand;
  const bare = costs.get(noRules.name)?.get(errand) ?? [];
  const added = (who: string): readonly number[] =>
    (costs.get(who)?.get(errand) ?? []).map((ns, i) => ns - (bare[i] ?? NaN));
  const ours = added("tourniquet");
  const what = `${name}, IPv${family} ${kind === "beside" ? "beside bans" : kind}`;
  const common = { unit: "ns", ours: median(ours), spread: spread(ours) };
  const isGoal = kind === "unbanned" && errand.hasBans;
  const beside = (peer: string, goal: number | null, why?: string): Row => {
    const theirs = added(peer);
    const row = { ...common, what: `${what}, added` };
    if (theirs.length === 0) return alone({ ...row, peerName: why ?? null });
    const ratio = median(ours) / median(theirs);
    return {
      ...row,
      ...{ peer: median(theirs), peerName: peer, ratio },
      goal: goal === null ? null : `ratio ≤ ${goal}`,
      met: goal === null ? null : ratio <= goal,
    };
  };
  return [
    alone({
      what: `${what}, with no rules`,
      unit: "ns",
      ours: median(bare),
      spread: spread(bare),
    }),
    beside("ipset hash:ip + hash:net", isGoal ? GOAL : null, absence()),
    beside("nft interval set", null, nft.absent),
  ];
}

async function load(enforcer: Enforcer, cidrs: readonly Cidr[]): Promise<void> {
  const expiresAt = unixSeconds(systemClock.now()) + 86_400;
  async function* entries() {
    for (let at = 0; at < cidrs.length; at += 4_000) {
      const slice = cidrs.slice(at, at + 4_000);
      yield packed(slice.map((cidr) => ({ cidr, expiresAt, observed: false })));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await enforcer.rebuild({ ledger: 1, revision: 1 }, entries());
}

/** Loaded, but not asked: whatever is on hooks of its own is taken off them. */
function rest(contestant: Contestant): void {
  contestant.on();
  contestant.off();
}

function scratch(opened: Lifetime): string {
  const path = mkdtempSync(join(tmpdir(), "tourniquet-bench-"));
  opened.own({
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  });
  return path;
}
