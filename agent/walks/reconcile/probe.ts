import type { Counters } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import type { GuardPolicy, HostFacts } from "../../guard/facts.js";
import { holdingRule, ownBan } from "../../guard/guard.js";
import { sendDatagram } from "../../host/datagram.js";
import type { Ledger } from "../../ledger/ledger.js";
import { compareCidrs, formatCidr, type Cidr } from "../../model/cidr.js";
import {
  PROBE_ADDRESSES,
  PROBE_PORT,
  PROBE_REASON,
} from "../../model/probe.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";
import { messageOf } from "../../text/message.js";
import { isoTime } from "../../text/time.js";

export interface ProbePorts {
  readonly ledger: Pick<
    Ledger,
    "recordLocal" | "bansOn" | "effective" | "mode"
  >;
  readonly enforcer: Pick<Counters, "packetCount">;
  readonly policy: GuardPolicy;
  facts(): HostFacts;
  /** Returns once the kernel holds what the ledger says. @throws NotEnforced */
  enforce(): Promise<void>;
  readonly clock: Pick<BanClock, "now">;
  readonly events: Pick<AgentEvents, "notProven" | "provenAgain">;
}

/** What came of sending a packet to an address that is banned. */
export interface Proof {
  readonly address: Cidr;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Since when it has come out so at each try. */
  readonly since: number;
  /** `unproven`: it could not be tried, or told nothing. */
  readonly outcome: "dropped" | "observed" | "unproven" | "failed";
  /** Of what is unproven or failed. */
  readonly why: string | undefined;
}

export interface ProbeView {
  /**
   * The latest, one for each family that this host has a route for; none before
   * the first minute is over.
   */
  readonly latest: readonly Proof[];
  /** In how many tries in a row a packet was not stopped. */
  readonly failures: number;
}

/**
 * A canary probe: shows on packets that bans are enforced, whatever the kernel says
 * of itself. An address that nobody has is banned, a datagram is sent to it, and
 * the kernel's count for it must grow.
 */
export class EnforcementProbe implements AsyncDisposable {
  readonly #ports: ProbePorts;
  readonly #turns = new Mutex();
  #view: ProbeView = { latest: [], failures: 0 };
  #sights: readonly Sight[] = [];
  #stopping = false;

  constructor(ports: ProbePorts) {
    this.#ports = ports;
  }

  get view(): ProbeView {
    return this.#view;
  }

  /** What is wrong, once it was so twice in a row. */
  get failing(): string | undefined {
    if (!isFailing(this.#view)) return undefined;
    return this.#view.latest.find(({ outcome }) => outcome === "failed")?.why;
  }

  /** Why packets to banned addresses say nothing, as far as they do not. */
  get missing(): string | undefined {
    const [first] = this.#sights;
    if (first === undefined) return undefined;
    const [any] = this.#view.latest;
    if (any === undefined) return `no route since ${isoTime(first.since)}`;
    const unproven = this.#view.latest.find((it) => it.outcome === "unproven");
    if (unproven === undefined) return undefined;
    const { address, since, why = "?" } = unproven;
    return `no packet to ${formatCidr(address)} shows it since ${isoTime(since)}: ${why}`;
  }

  /** Never fails: what could not be done is unproven. */
  prove(): Promise<void> {
    return this.#turns.run(async () => {
      const sights: Sight[] = [];
      for (const [i, address] of PROBE_ADDRESSES.entries()) {
        if (this.#stopping) return;
        const at = this.#ports.clock.now();
        const finding = await this.#prove(address);
        const before = this.#sights[i];
        const isSame = before?.outcome === finding.outcome;
        const since = isSame ? before.since : at;
        sights.push({ address, at, since, ...finding });
      }
      this.#sights = sights;
      this.#conclude(sights.filter(isProof));
    });
  }

  /** Waits for the probe under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#turns.idle();
  }

  #conclude(latest: readonly Proof[]): void {
    const { events } = this.#ports;
    const before = this.failing;
    const failed = latest.some(({ outcome }) => outcome === "failed");
    const failures = failed ? this.#view.failures + 1 : 0;
    this.#view = { latest, failures };
    const now = this.failing;
    if (before === undefined && now !== undefined) events.notProven(now);
    if (before !== undefined && now === undefined) events.provenAgain();
  }

  async #prove(address: Cidr): Promise<Finding> {
    try {
      const { policy } = this.#ports;
      const facts = ownBan(this.#ports.facts());
      const rule = holdingRule(address, facts, policy);
      if (rule !== undefined) return unproven(`${rule} protects it`);
      await this.#keepBanned(address);
      if (!this.#isDue(address)) return unproven("its ban is not in force");
      return await this.#try(address);
    } catch (error) {
      return unproven(messageOf(error));
    }
  }

  /** A router that is known for the family, and yet no way, is to be told of. */
  #hasNoRoute({ family }: Cidr, refusal: string | undefined): boolean {
    if (refusal === undefined || !UNROUTED.has(refusal)) return false;
    const { gateways } = this.#ports.facts();
    return !gateways.some((gateway) => gateway.family === family);
  }

  /** Its ban is no different from others, and ends soon after the agent does. */
  async #keepBanned(cidr: Cidr): Promise<void> {
    const { ledger, clock } = this.#ports;
    const now = unixSeconds(clock.now());
    const lasts = ledger
      .bansOn(cidr, now)
      .some(
        (ban) =>
          ban.feed === "local" &&
          compareCidrs(ban.cidr, cidr) === 0 &&
          ban.expiresAt > now + RENEWED_S,
      );
    if (lasts) return;
    const ban = {
      cidr,
      expiresAt: now + LASTS_S,
      reason: PROBE_REASON,
      observed: false,
    };
    ledger.recordLocal([ban], now);
    await this.#ports.enforce();
  }

  /** Whoever runs this host may have had it held, or taken back. */
  #isDue(cidr: Cidr): boolean {
    const { ledger, clock } = this.#ports;
    const due = ledger.effective(cidr, unixSeconds(clock.now()));
    return due.some(({ observed }) => !observed);
  }

  async #try(address: Cidr): Promise<Finding> {
    const { ledger, enforcer } = this.#ports;
    const mode = ledger.mode();
    const packets = { remote: address, observed: mode === "observe" };
    const before = await enforcer.packetCount(packets);
    const refusal = await sendDatagram(address, PROBE_PORT, PAYLOAD);
    const after = await enforcer.packetCount(packets);
    // A count that went back was reset by somebody, and began again.
    if (after !== before && after > 0) {
      const outcome = mode === "enforce" ? "dropped" : "observed";
      return { outcome, why: undefined };
    }
    if (ledger.mode() !== mode) return unproven("the mode was changed");
    return this.#hasNoRoute(address, refusal)
      ? { outcome: "unrouted", why: refusal }
      : withoutCount(address, refusal);
  }
}

/** What a try came to; `unrouted`: this host does not speak the family, which is no news. */
interface Sight extends Omit<Proof, "outcome"> {
  readonly outcome: Proof["outcome"] | "unrouted";
}

const isProof = (sight: Sight): sight is Proof => sight.outcome !== "unrouted";

type Finding = Pick<Sight, "outcome" | "why">;

/** What a packet tells that our rules did not count. */
function withoutCount(address: Cidr, refusal: string | undefined): Finding {
  const name = formatCidr(address);
  switch (refusal) {
    case undefined:
      return {
        outcome: "failed",
        why: `a packet to ${name}, which is banned, went on its way`,
      };
    case "EPERM": // netfilter's word for a drop
      return unproven("something else drops it");
    default:
      return unproven(`it cannot be sent: ${refusal}`);
  }
}

/** What the system says where the family, a route or an address of it is not. */
const UNROUTED = new Set(["ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

const unproven = (why: string): Finding => ({ outcome: "unproven", why });

/** Whether packets pass that should not, as far as it was seen. */
export const isFailing = (view: ProbeView | undefined): boolean =>
  view !== undefined && view.failures >= FAILURES_TOLD;

/** Once may be a moment in which rules were switched. */
const FAILURES_TOLD = 2;

const LASTS_S = 3_600;

/** With less than this left, a ban is made anew. */
const RENEWED_S = LASTS_S / 2;

/** For whoever sees it on the wire, should it get there. */
const PAYLOAD = Buffer.from("tourniquet: proof of enforcement\n");
