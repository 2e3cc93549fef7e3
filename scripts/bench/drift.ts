import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  DEFAULT_POSTURE,
  type Enforcer,
} from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { TABLE } from "../../agent/enforce/nftables/sets/layout.js";
import { PACE } from "../../agent/enforce/repair-backoff.js";
import { makeEvents } from "../../agent/events/events.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { Logger } from "../../agent/log/logger.js";
import { formatCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { NETLINK_NETFILTER } from "../../agent/netlink/constants.js";
import { listSets } from "../../agent/netlink/nftables/messages.js";
import { setName } from "../../agent/netlink/nftables/read.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import type { MessageWriter } from "../../agent/netlink/writer.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Audit } from "../../agent/walks/reconcile/audit.js";
import { Reconciler } from "../../agent/walks/reconcile/reconciler.js";
import { Repairer } from "../../agent/walks/reconcile/repair.js";
import { filledLedger } from "./ledgers.js";
import { scattered } from "./lists.js";
import { nft } from "./peers.js";
import { alone, median, quantile, type Row } from "./report.js";

/**
 * How long bans are out of force after somebody else disturbed them: from the
 * end of the command that did it until the kernel, looked at every millisecond,
 * holds all again.
 */
export async function benchDrift(): Promise<readonly Row[]> {
  if (nft.absent !== undefined) {
    const what = "somebody else's nft";
    return [
      alone({ what, unit: "ms", ours: Number.NaN, peerName: nft.absent }),
    ];
  }
  const rows: Row[] = [];
  for (const [bans, rounds, kinds] of SIZES) {
    await using host = await HealedHost.start(bans);
    for (const kind of kinds) rows.push(...(await host.bench(kind, rounds)));
  }
  return rows;
}

/** One way to disturb bans; `ban` is one of them, on a single address. */
interface Kind {
  readonly what: string;
  readonly command: (ban: string, generation: string) => string;
}

const T = "inet tourniquet";

const SHALLOW: readonly Kind[] = [
  {
    what: "nft delete element",
    command: (ban, generation) =>
      `nft delete element ${T} ban4_32_${generation} '{ ${ban} }'`,
  },
  {
    what: "nft add element (a ban nobody ordered)",
    command: (_, generation) =>
      `nft add element ${T} ban4_32_${generation} '{ ${STRANGER} }'`,
  },
  {
    what: "nft flush chain",
    command: () => `nft flush chain ${T} prerouting`,
  },
  {
    what: "nft delete chain",
    command: () =>
      `nft 'flush chain ${T} prerouting; delete chain ${T} prerouting'`,
  },
  {
    what: "label removed",
    command: (_, generation) => `nft flush set ${T} label_${generation}`,
  },
  {
    what: "flags dormant",
    command: () => `nft add table ${T} '{ flags dormant; }'`,
  },
];

const DEEP: readonly Kind[] = [
  {
    what: "nft flush set (all bans)",
    command: (_, generation) => `nft flush set ${T} ban4_32_${generation}`,
  },
  { what: "nft delete table", command: () => `nft delete table ${T}` },
  { what: "nft flush ruleset", command: () => "nft flush ruleset" },
];

const SIZES: readonly (readonly [number, number, readonly Kind[]])[] = [
  [10_000, 50, [...SHALLOW, ...DEEP]],
  [100_000, 50, [...SHALLOW, ...DEEP]],
  [1_000_000, 20, SHALLOW],
];

const STRANGER = "203.0.113.66";
const GOAL_MS = 100;
const PATIENCE_MS = 30_000;

/** A host that heals at once, however often it is disturbed. */
class HealedHost implements AsyncDisposable {
  readonly #opened: Lifetime;
  readonly #enforcer: Enforcer;
  readonly #sample: readonly Cidr[];
  readonly #bans: number;
  readonly #repairer: Repairer;
  readonly #audit: Audit;
  #told = 0;

  private constructor(opened: Lifetime, rooms: Rooms) {
    this.#opened = opened;
    this.#enforcer = rooms.enforcer;
    this.#bans = rooms.cidrs.length;
    const step = Math.ceil(rooms.cidrs.length / 200);
    this.#sample = rooms.cidrs.filter((_, i) => i % step === 0);
    this.#repairer = opened.own(
      new Repairer({
        enforcer: rooms.enforcer,
        repair: async (damage) => {
          await rooms.reconciler.repair(damage);
        },
        missed: () => void this.#audit.everything(),
        clock: systemClock,
        events: makeEvents(silent),
        pace: { ...PACE, atOnce: Infinity },
      }),
    );
    this.#audit = opened.own(
      new Audit({
        ...rooms,
        disturbed: (disturbance) => this.#repairer.disturbed(disturbance),
        enforce: async () => {
          await rooms.reconciler.reconcile();
        },
        repair: async (damage) => {
          await rooms.reconciler.repair(damage);
        },
        clock: systemBanClock,
        events: makeEvents(silent),
      }),
    );
    this.#repairer.tellTo(() => this.#told++);
  }

  static async start(bans: number): Promise<HealedHost> {
    await using opened = new Lifetime();
    const folder = mkdtempSync(join(tmpdir(), "tourniquet-bench-"));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const { cidrs } = scattered(bans);
    const ledger = opened.own(filledLedger(join(folder, "ledger.db"), cidrs));
    const enforcer = opened.own(await openNftables(systemBanClock));
    opened.defer(() => enforcer.cleanUp());
    await enforcer.protect([parseCidr("192.0.2.1")]);
    const reconciler = reconcilerOf(ledger, enforcer);
    const rooms = { ledger, enforcer, reconciler, cidrs };
    const host = new HealedHost(opened.release(), rooms);
    await reconciler.reconcile();
    return host;
  }

  async bench({ what, command }: Kind, rounds: number): Promise<Row[]> {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ban = this.#sample[round % this.#sample.length];
      if (ban === undefined) throw new Error("no bans");
      const generation = await this.#generation();
      times.push(
        await this.#disturb(command(formatCidr(ban), generation), ban),
      );
    }
    const p99 = quantile(times, 0.99);
    const common = { unit: "ms", goal: null, met: null } as const;
    const named = `${what}, ${this.#bans} bans`;
    return [
      alone({ ...common, what: `${named}, p50`, ours: median(times) }),
      alone({
        what: `${named}, p99`,
        unit: "ms",
        ours: p99,
        goal: `≤ ${GOAL_MS}`,
        met: p99 <= GOAL_MS,
      }),
    ];
  }

  /** Milliseconds from the command's end until all is as it was. */
  async #disturb(command: string, ban: Cidr): Promise<number> {
    const told = this.#told;
    await run("bash", ["-c", command]);
    const since = performance.now();
    while (!(await this.#isWhole(ban))) {
      if (performance.now() - since > PATIENCE_MS) {
        throw new Error(`never healed: ${command}`);
      }
      await sleep(1);
    }
    const tookMs = performance.now() - since;
    while (this.#told === told) await sleep(1);
    return tookMs;
  }

  async #isWhole(ban: Cidr): Promise<boolean> {
    const kernel = await this.#enforcer.read();
    if (kernel.at === "absent") return false;
    const asked = [ban, ...this.#sample];
    const held = await this.#enforcer.hasBan(asked);
    if (!held.every(Boolean)) return false;
    const [strange] = await this.#enforcer.hasBan([parseCidr(STRANGER)]);
    const faults = await this.#enforcer.inspect();
    return strange === false && faults.length === 0;
  }

  async #generation(): Promise<string> {
    using socket = new NetlinkSocket(await loadLibc(), NETLINK_NETFILTER);
    const list = (w: MessageWriter) => listSets(w, TABLE);
    const names = socket.list("list sets", list, (each) => [setName(each)]);
    return names.includes("label_b") ? "b" : "a";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

interface Rooms {
  readonly ledger: Ledger;
  readonly enforcer: Enforcer;
  readonly reconciler: Reconciler;
  readonly cidrs: readonly Cidr[];
}

const reconcilerOf = (ledger: Ledger, enforcer: Enforcer): Reconciler =>
  new Reconciler({
    desired: ledger,
    enforcer,
    clock: systemBanClock,
    posture: () => DEFAULT_POSTURE,
    applied: () => undefined,
    mayReplace: () => true,
  });

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const run = promisify(execFile);
