import type { StatusView } from "../../service/control/status-view.js";
import { table } from "../../service/terminal/table.js";
import type { Across } from "./across.js";
import type { BruteForce } from "./brute-force.js";

/** What the demo came to. Times in milliseconds unless the name says else. */
export interface Figures {
  readonly ok: boolean;
  readonly failures: readonly string[];
  readonly firstBan: {
    readonly decisionToKernelMs: number;
    readonly receivedToLedgerMs: number;
    readonly receivedToKernelMs: number;
  };
  readonly decisions: number;
  readonly decisionToKernelMs: { readonly p50: number; readonly p99: number };
  /** From the last line in the log of sshd. */
  readonly bruteForce: {
    readonly ownKernelMs: number;
    readonly bothHostsMs: number;
  };
  /** Three customers, of whom none had reason enough alone. */
  readonly threeCustomers: Across;
  readonly list: {
    readonly name: string;
    readonly entries: number;
    readonly inForce: number;
    readonly held: number;
    readonly seconds: number;
  };
  readonly packetsDropped: number;
  readonly bansLoaded: number;
  readonly agentMemoryMb: { readonly now: number; readonly before: number };
}

export interface Observed {
  readonly failures: readonly string[];
  readonly ban: {
    readonly kernelMs: number;
    readonly recordedMs: number;
    readonly enforcedMs: number;
  };
  readonly decisions: number;
  readonly decisionMs: { readonly p50: number; readonly p99: number };
  readonly brute: BruteForce;
  readonly across: Across;
  readonly load: {
    readonly name: string;
    readonly entries: number;
    readonly bans: number;
    readonly held: number;
    readonly seconds: number;
  };
  readonly status: StatusView;
  /** Bytes: before the agent was killed at its peak, and now. */
  readonly memory: { readonly peak: number; readonly now: number };
}

export function figuresOf(observed: Observed): Figures {
  const { failures, ban, load, status, memory } = observed;
  return {
    ok: failures.length === 0,
    failures,
    firstBan: {
      decisionToKernelMs: rounded(ban.kernelMs),
      receivedToLedgerMs: rounded(ban.recordedMs),
      receivedToKernelMs: rounded(ban.enforcedMs),
    },
    decisions: observed.decisions,
    decisionToKernelMs: {
      p50: rounded(observed.decisionMs.p50),
      p99: rounded(observed.decisionMs.p99),
    },
    bruteForce: {
      ownKernelMs: rounded(observed.brute.bannedHereMs),
      bothHostsMs: rounded(observed.brute.bannedThereMs),
    },
    threeCustomers: observed.across,
    list: {
      name: load.name,
      entries: load.entries,
      inForce: load.bans,
      held: load.held,
      seconds: rounded(load.seconds),
    },
    packetsDropped: status.hits.packets,
    bansLoaded: status.feeds.reduce((sum, { bans }) => sum + bans, 0),
    agentMemoryMb: {
      now: rounded(memory.now / 1e6),
      before: rounded(memory.peak / 1e6),
    },
  };
}

export function figuresTable(figures: Figures): string {
  const { firstBan, decisionToKernelMs: many, list, agentMemoryMb } = figures;
  return table(
    ["   what", "figure"],
    [
      ["   first ban: decision → kernel", `${firstBan.decisionToKernelMs} ms`],
      ["     of which received → ledger", `${firstBan.receivedToLedgerMs} ms`],
      ["     and received → kernel", `${firstBan.receivedToKernelMs} ms`],
      [
        `   ${figures.decisions} decisions → kernel`,
        `p50 ${many.p50} ms, p99 ${many.p99} ms`,
      ],
      [
        "   brute force: log → own kernel → both hosts",
        `${figures.bruteForce.ownKernelMs} ms, ${figures.bruteForce.bothHostsMs} ms`,
      ],
      [
        "   three customers: last line → decided → held",
        `${figures.threeCustomers.decidedMs} ms`,
      ],
      [
        "   released by a second person → held; undone",
        `${figures.threeCustomers.releasedMs} ms; ${figures.threeCustomers.undoneMs} ms`,
      ],
      [
        "   cut off → cable in → held",
        `${figures.threeCustomers.caughtUpMs} ms`,
      ],
      [
        `   ${list.name}`,
        `${list.inForce} in force, ${list.held} held, in ${list.seconds} s`,
      ],
      ["   packets dropped", String(figures.packetsDropped)],
      ["   bans loaded", String(figures.bansLoaded)],
      [
        "   the agent's memory",
        `${agentMemoryMb.now} MB; peak before its kill ${agentMemoryMb.before} MB`,
      ],
    ],
  );
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
