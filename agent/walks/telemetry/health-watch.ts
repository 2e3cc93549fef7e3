import type { Posture, Ruleset } from "../../enforce/enforcer.js";
import type { HealthCode } from "../../health/catalogue.js";
import type { Findings } from "../../health/health.js";
import type { FindingKind, Verdict } from "../../health/verdict.js";
import type { Ledger } from "../../ledger/ledger.js";
import { RING_WAITS } from "../../model/rings.js";
import type { Clock } from "../../runtime/clock.js";
import type { ResilientSpool } from "../../spool/resilient-spool.js";
import { messageOf } from "../../text/message.js";
import type { LinkStatus } from "../../uplink/link-status.js";

export interface HealthWatchPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly enforcer: Pick<Ruleset, "rejects">;
  /** What becomes of banned egress, as it was configured. */
  readonly egress: Posture["egress"];
  readonly ledger: WatchedLedger;
  readonly link: Pick<LinkStatus, "state" | "downgraded">;
  readonly spool: Pick<ResilientSpool, "read" | "failing">;
  /** Who keeps undoing the bans, if anybody does. */
  readonly contested: () => string | undefined;
  /** What this host does with its bans. */
  readonly verdict: () => Promise<Verdict>;
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
  "counts" | "allHeld" | "unkept" | "storage"
>;

/** Looks at the rooms and says what is wrong in them, in the catalogue's words. */
export class HealthWatch {
  readonly #ports: HealthWatchPorts;
  /** What happened at a moment, and is told for a while. */
  readonly #incidents = new Map<
    HealthCode,
    { readonly at: number; readonly detail: string }
  >();

  constructor(ports: HealthWatchPorts) {
    this.#ports = ports;
  }

  /** Takes note of something that is over as soon as it happened. */
  happened(code: HealthCode, detail: string): void {
    this.#incidents.set(code, { at: this.#ports.clock.monotonic(), detail });
  }

  /** Everything that is wrong now. */
  async findings(): Promise<Findings> {
    const verdict = await this.#ports.verdict();
    const found = new Map<HealthCode, string>([
      ...this.#recent(),
      ...this.#ports.trust(),
    ]);
    const add = (code: HealthCode, detail: string | undefined) => {
      if (detail !== undefined) found.set(code, detail);
    };
    for (const [code, detail] of conditionsOf(verdict)) add(code, detail);
    add("proof-missing", this.#ports.unshown());
    add("paths-uncovered", this.#ports.uncovered().join("; ") || undefined);
    for (const finding of this.#storage()) found.set(...finding);
    add("ruleset-contested", this.#ports.contested());
    add("cloud-unreachable", this.#cloud());
    add("link-downgraded", this.#ports.link.downgraded);
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
    if (spool.failing !== undefined)
      add("spool-failing", messageOf(spool.failing));
    return found;
  }

  *#recent(): Iterable<[HealthCode, string]> {
    const oldest = this.#ports.clock.monotonic() - TOLD_FOR_MS;
    for (const [code, { at, detail }] of this.#incidents) {
      if (at < oldest) this.#incidents.delete(code);
      else yield [code, detail];
    }
  }

  #cloud(): string | undefined {
    const { state } = this.#ports.link;
    return state.at === "down" ? state.why : undefined;
  }

  #egress(): string | undefined {
    const { enforcer, egress } = this.#ports;
    if (egress === "drop" || enforcer.rejects) return undefined;
    return "enforce.egress is reject, and the kernel lacks nft_reject";
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
    // What waits for its ring is as it was ordered.
    const { held: all, waiting } = ledger.allHeld();
    const held = all - waiting;
    const more = ledger
      .unkept()
      .filter(({ rule }) => rule !== RING_WAITS)
      .reduce((sum, each) => sum + each.bans, 0);
    if (held + more === 0) return undefined;
    const beyond =
      more === 0 ? "" : `, and ${more} beyond what is kept of them`;
    return `${held} are held${beyond}`;
  }
}

/** What is wrong by the verdict, in the codes that the cloud is told. */
function conditionsOf({ findings }: Verdict): ReadonlyMap<HealthCode, string> {
  const found = new Map<HealthCode, string>();
  for (const { kind, detail } of findings) {
    const code = CODES[kind];
    if (code === undefined) continue;
    const before = found.get(code);
    found.set(code, before === undefined ? detail : `${before}; ${detail}`);
  }
  const [enforcing, unproven] = ["not-enforcing", "not-proven"] as const;
  const [kernel, packets] = [found.get(enforcing), found.get(unproven)];
  if (kernel !== undefined && packets !== undefined) {
    found.set(enforcing, `${kernel}; ${packets}`);
  }
  return found;
}

/** Safe mode and the disk tell more of themselves than the verdict knows. */
const CODES: Readonly<Record<FindingKind, HealthCode | undefined>> = {
  "not-enforcing": "not-enforcing",
  "not-proven": "not-proven",
  behind: "not-enforcing",
  observing: "observing",
  paused: "paused",
  released: "released-wide",
  "rolled-back": "bans-withheld",
  "safe-mode": undefined,
  "disk-full": undefined,
  "disk-low": undefined,
  "until-restart": undefined,
  enforcing: undefined,
};

/** What happened once is told for so long. */
const TOLD_FOR_MS = 600_000;

const NEARLY_FULL = 0.9;
