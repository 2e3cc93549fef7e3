import type { KernelState, Ruleset } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import {
  isSameVerdict,
  verdictOf,
  type KernelFacts,
  type Verdict,
} from "../../health/verdict.js";
import type { Ledger } from "../../ledger/ledger.js";
import { compareCidrs } from "../../model/cidr.js";
import { PROBE_ADDRESSES } from "../../model/probe.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { messageOf } from "../../text/message.js";

export interface VerdictPorts {
  readonly ledger: Pick<
    Ledger,
    "id" | "revision" | "mode" | "counts" | "bansOn" | "overrides" | "storage"
  >;
  readonly enforcer: Pick<Ruleset, "read">;
  readonly clock: Pick<BanClock, "now" | "monotonic">;
  readonly events: Pick<AgentEvents, "verdict">;
  readonly safeMode: boolean;
  /** How packets were seen to pass that should not. */
  readonly unproven: () => string | undefined;
}

/** The verdict, and since when it is the same. */
export interface VerdictView {
  readonly verdict: Verdict;
  /** Milliseconds since 1970; at the earliest when the agent started. */
  readonly since: number;
}

/** Gathers what the verdict rests on, and tells the log when it is another. */
export class VerdictWatch {
  readonly #ports: VerdictPorts;
  #view: VerdictView | undefined;
  /** Where the kernel stood at the last look, and since when. */
  #stood: { readonly revision: number; readonly since: number } | undefined;

  constructor(ports: VerdictPorts) {
    this.#ports = ports;
  }

  /** Never fails over the kernel; a ledger that can't be read is told as such. */
  async look(): Promise<VerdictView> {
    const { ledger, clock, events } = this.#ports;
    const read = await this.#read();
    // From here on nothing waits, so that what is said fits together.
    const now = unixSeconds(clock.now());
    const { overrides: word } = ledger;
    const bans = ledger
      .counts()
      .reduce((sum, each) => sum + each.bans - each.observed - each.held, 0);
    const verdict = verdictOf({
      kernel: this.#kernelFacts(read),
      ledger: { revision: ledger.revision(), mode: ledger.mode() },
      pausedUntil: word.pausedUntil(),
      safeMode: this.#ports.safeMode,
      unproven: this.#ports.unproven(),
      bans: bans - proofBans(ledger, now),
      withheld: word.withheld(now),
      releases: word.releases(now),
      storage: ledger.storage(),
    });
    const before = this.#view;
    if (before !== undefined && isSameVerdict(before.verdict, verdict)) {
      this.#view = { verdict, since: before.since };
    } else {
      this.#view = { verdict, since: clock.now() };
      events.verdict(verdict);
    }
    return this.#view;
  }

  async #read(): Promise<KernelState | { readonly why: string }> {
    try {
      return await this.#ports.enforcer.read();
    } catch (error) {
      return { why: messageOf(error) };
    }
  }

  #kernelFacts(kernel: KernelState | { readonly why: string }): KernelFacts {
    if ("why" in kernel) return { at: "unreadable", why: kernel.why };
    if (kernel.at === "absent") return { at: "absent" };
    if (kernel.at === "outdated") return { at: "outdated" };
    const { revision, posture } = kernel;
    if (kernel.ledger !== this.#ports.ledger.id) return { at: "foreign" };
    const now = this.#ports.clock.monotonic();
    const isBehind = revision !== this.#ports.ledger.revision();
    if (!isBehind) this.#stood = undefined;
    else if (this.#stood?.revision !== revision) {
      this.#stood = { revision, since: now };
    }
    const behindMs = this.#stood === undefined ? 0 : now - this.#stood.since;
    return { at: "ours", revision, mode: posture.mode, behindMs };
  }
}

/** How many bans of this host are only there to be tried by its own packets. */
export function proofBans(
  ledger: Pick<Ledger, "bansOn">,
  now: UnixSeconds,
): number {
  return PROBE_ADDRESSES.filter((address) =>
    ledger
      .bansOn(address, now)
      .some(
        ({ feed, cidr, held, observed }) =>
          feed === "local" &&
          compareCidrs(cidr, address) === 0 &&
          held === undefined &&
          !observed,
      ),
  ).length;
}
