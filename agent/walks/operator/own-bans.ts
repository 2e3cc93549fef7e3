import type { GuardPolicy, HostFacts } from "../../guard/facts.js";
import { ownBan, reviewBan } from "../../guard/guard.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { DatedBan } from "../../ledger/rows.js";
import { compareCidrs, formatCidr, type Cidr } from "../../model/cidr.js";
import { PROBE_REASON } from "../../model/probe.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { timeText } from "../../text/time.js";

export interface OwnBansPorts {
  readonly ledger: Pick<Ledger, "recordLocal" | "bansOn" | "bansWithin">;
  readonly clock: Pick<BanClock, "now">;
  readonly guard: GuardPolicy;
  facts(): HostFacts;
}

/** A ban that this host's operator decides himself. */
export interface OwnBanOrder {
  readonly cidr: Cidr;
  readonly seconds: number;
  readonly reason: string;
  /** Whether it may end sooner than the ban that it takes the place of. */
  readonly replace?: boolean | undefined;
}

/** What became of it. Times are Unix seconds. */
export interface OwnBan {
  readonly until: number;
  /** Until when the range was banned by this host before; undefined for not. */
  readonly was: number | undefined;
}

/** What a lift came to. */
export interface OwnLift {
  readonly done: boolean;
  /** Bans on the range, around it or within it that stay. */
  readonly still: readonly Pick<DatedBan, "cidr" | "feed">[];
  /** There are more than are named. */
  readonly more: boolean;
}

/** The guard stops what would cut this host off, whoever orders it. */
export class GuardHolds extends Error {
  override readonly name = "GuardHolds";

  constructor(cidr: Cidr, rule: string) {
    super(
      `${formatCidr(cidr)} is not banned: the guard's rule ${rule} protects it; nothing was changed`,
    );
  }
}

/** A ban that lasts longer is not cut short by accident. */
export class LastsLonger extends Error {
  override readonly name = "LastsLonger";

  constructor(cidr: Cidr, until: number) {
    super(
      `this host bans ${formatCidr(cidr)} until ${timeText(until * 1_000)} already, which is longer; to cut it short, add --replace`,
    );
  }
}

/**
 * Bans of this host's own, beside those of its sensors: feed `local`, which
 * nobody signs. They pass the guard as all others do, but for the customer's
 * policy: what a host decides by itself is its own.
 */
export class OwnBans {
  readonly #ports: OwnBansPorts;

  constructor(ports: OwnBansPorts) {
    this.#ports = ports;
  }

  /** Records it; the kernel is not told by this. @throws GuardHolds, LastsLonger */
  ban({ cidr, seconds, reason, replace }: OwnBanOrder): OwnBan {
    const { ledger, guard } = this.#ports;
    const now = this.#now();
    const until = now + seconds;
    const ban = { cidr, expiresAt: until, reason, observed: false };
    const { held } = reviewBan(ban, ownBan(this.#ports.facts()), guard);
    if (held !== undefined) throw new GuardHolds(cidr, held);
    const was = this.#ownOn(cidr)?.expiresAt;
    if (was !== undefined && was > until && replace !== true) {
      throw new LastsLonger(cidr, was);
    }
    ledger.recordLocal([ban], now);
    return { until, was };
  }

  /** Lifts this host's ban on exactly this range, whoever of it decided on it. */
  lift(cidr: Cidr): OwnLift {
    const { ledger } = this.#ports;
    const done = this.#ownOn(cidr) !== undefined;
    if (done) ledger.recordLocal([{ op: "lift", cidr }], this.#now());
    const now = this.#now();
    const found = [
      ...ledger.bansOn(cidr, now),
      ...ledger.bansWithin(cidr, now, MOST_NAMED + 1),
    ].filter(({ reason, held }) => reason !== PROBE_REASON && !held);
    const still = found.slice(0, MOST_NAMED);
    return { done, still, more: found.length > MOST_NAMED };
  }

  /** The agent's own proof that bans work is nobody's to lift. */
  #ownOn(cidr: Cidr): DatedBan | undefined {
    return this.#ports.ledger
      .bansOn(cidr, this.#now())
      .find(
        (ban) =>
          ban.feed === "local" &&
          compareCidrs(ban.cidr, cidr) === 0 &&
          ban.reason !== PROBE_REASON,
      );
  }

  #now(): number {
    return unixSeconds(this.#ports.clock.now());
  }
}

const MOST_NAMED = 20;
