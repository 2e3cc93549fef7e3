import type { Clock } from "./clock.js";
import type { Enforcer, Posture } from "./enforce/enforcer.js";
import type { HealthCode } from "./health/catalogue.js";
import type { Findings } from "./health/health.js";
import type { Ledger } from "./ledger/ledger.js";
import type { LinkStatus } from "./link-status.js";
import type { SpoolKeeper } from "./spool/keeper.js";

export interface HealthWatchPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly enforcer: Pick<Enforcer, "read" | "rejects">;
  /** What becomes of banned egress, as it was configured. */
  readonly egress: Posture["egress"];
  readonly ledger: WatchedLedger;
  readonly link: Pick<LinkStatus, "state">;
  readonly spool: Pick<SpoolKeeper, "read" | "failing">;
  /** Who keeps undoing the bans, if anybody does. */
  readonly contested: () => string | undefined;
  /** How packets were seen to pass that should not. */
  readonly unproven: () => string | undefined;
  /** Why it cannot be seen whether packets are stopped. */
  readonly unshown: () => string | undefined;
  /** Ways on which packets pass without meeting a ban. */
  readonly uncovered: () => readonly string[];
  /** Whether more remotes were counted than there is room for. */
  readonly crowded: () => boolean;
  /** What is wrong with what the cloud signs. */
  readonly trust: () => Findings;
}

export type WatchedLedger = Pick<
  Ledger,
  "id" | "revision" | "counts" | "unkept" | "mode" | "word" | "storage"
>;

/** Looks at the rooms and says what is wrong in them, in the catalogue's words. */
export class HealthWatch {
  readonly #ports: HealthWatchPorts;
  /** What happened at a moment, and is told for a while. */
  readonly #incidents = new Map<
    HealthCode,
    { readonly at: number; readonly detail: string }
  >();
  #kernelBefore = "";

  constructor(ports: HealthWatchPorts) {
    this.#ports = ports;
  }

  /** Takes note of something that is over as soon as it happened. */
  happened(code: HealthCode, detail: string): void {
    this.#incidents.set(code, { at: this.#ports.clock.monotonic(), detail });
  }

  /** Everything that is wrong now. */
  async findings(): Promise<Findings> {
    const kernel = await this.#kernel();
    const found = new Map<HealthCode, string>([
      ...this.#recent(),
      ...this.#ports.trust(),
    ]);
    const add = (code: HealthCode, detail: string | undefined) => {
      if (detail !== undefined) found.set(code, detail);
    };
    const unproven = this.#ports.unproven();
    add(
      "not-enforcing",
      kernel && [kernel, unproven].filter(Boolean).join("; "),
    );
    add("not-proven", unproven);
    add("proof-missing", this.#ports.unshown());
    add("paths-uncovered", this.#ports.uncovered().join("; ") || undefined);
    for (const finding of this.#storage()) found.set(...finding);
    add("ruleset-contested", this.#ports.contested());
    add("cloud-unreachable", this.#cloud());
    const mode = this.#mode();
    if (mode !== undefined) found.set(...mode);
    add("bans-held", this.#held());
    add("egress-dropped", this.#egress());
    const { spool } = this.#ports;
    const fullness = spool.read((it) => it.fullness()) ?? 0;
    if (fullness >= NEARLY_FULL) {
      add("spool-full", `the spool is ${Math.round(fullness * 100)} % full`);
    }
    if (this.#ports.crowded()) {
      add("hits-crowded", "all packets are in the sums");
    }
    if (spool.failing !== undefined) add("spool-failing", whyOf(spool.failing));
    return found;
  }

  *#recent(): Iterable<[HealthCode, string]> {
    const oldest = this.#ports.clock.monotonic() - TOLD_FOR_MS;
    for (const [code, { at, detail }] of this.#incidents) {
      if (at < oldest) this.#incidents.delete(code);
      else yield [code, detail];
    }
  }

  /** A kernel that moves is on its way; one that stands still elsewhere is not. */
  async #kernel(): Promise<string | undefined> {
    const { enforcer, ledger } = this.#ports;
    const before = this.#kernelBefore;
    try {
      const kernel = await enforcer.read();
      const revision = ledger.revision();
      this.#kernelBefore = JSON.stringify(kernel);
      if (kernel.at === "absent") return "the kernel holds no bans of ours";
      if (kernel.at === "outdated") {
        return "the kernel holds what another version of this program built";
      }
      if (kernel.ledger !== ledger.id) {
        return "the kernel holds what an earlier ledger said";
      }
      if (kernel.posture.mode !== ledger.mode()) {
        return `the kernel is to ${ledger.mode()} and does not`;
      }
      if (kernel.revision === revision) return undefined;
      if (this.#kernelBefore !== before) return undefined;
      return `the kernel holds revision ${kernel.revision}, the ledger is at ${revision}`;
    } catch (error) {
      return `the kernel cannot be read: ${whyOf(error)}`;
    }
  }

  #cloud(): string | undefined {
    const { state } = this.#ports.link;
    return state.at === "up" ? undefined : state.why;
  }

  #egress(): string | undefined {
    const { enforcer, egress } = this.#ports;
    if (egress === "drop" || enforcer.rejects) return undefined;
    return "enforce.egress is reject, and the kernel lacks nft_reject";
  }

  #mode(): [HealthCode, string] | undefined {
    const { ledger } = this.#ports;
    if (ledger.mode() !== "observe") return undefined;
    const until = ledger.word.pausedUntil();
    if (until === undefined) {
      return ["observing", "tourniquet enforce ends that"];
    }
    return ["paused", `until ${new Date(until * 1_000).toISOString()}`];
  }

  *#storage(): Iterable<[HealthCode, string]> {
    const { state, untilRestart } = this.#ports.ledger.storage();
    if (state === "ok") return;
    const orders = untilRestart.join(", ");
    const more = orders === "" ? "" : `; only until a restart: ${orders}`;
    if (state === "full") yield ["disk-full", `it can't be written${more}`];
    else yield ["disk-reserve", `lifts and urgent bans are${more}`];
  }

  #held(): string | undefined {
    const { ledger } = this.#ports;
    const held = ledger.counts().reduce((sum, each) => sum + each.held, 0);
    const more = ledger.unkept().reduce((sum, each) => sum + each.bans, 0);
    if (held + more === 0) return undefined;
    const beyond =
      more === 0 ? "" : `, and ${more} beyond what is kept of them`;
    return `${held} are held${beyond}`;
  }
}

/** What happened once is told for so long. */
const TOLD_FOR_MS = 600_000;

const NEARLY_FULL = 0.9;

const whyOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
