import type { AgentEvents } from "../../events/events.js";
import type { GuardPolicy, HostFacts } from "../../guard/facts.js";
import { ownBan, reviewBan } from "../../guard/guard.js";
import { throughTranslators } from "../../guard/translated.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { RecordedBan } from "../../ledger/rows.js";
import type { Cidr } from "../../model/cidr.js";
import { CidrIndex } from "../../model/cidr-index.js";
import type { ReviewedBan } from "../../model/reviewed.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";

export interface AllowedHerePorts {
  readonly policies: Pick<PolicyStore, "allowed">;
  readonly ledger: Pick<Ledger, "list" | "bansOn" | "recordLocal">;
  readonly clock: Pick<BanClock, "now">;
  readonly guard: GuardPolicy;
  readonly events: Pick<AgentEvents, "sensedObserved" | "maintenanceFailed">;
}

/** What brings a change of what is allowed to the kernel. */
export interface AllowedHereEffects {
  facts(): HostFacts;
  /** Reads what is protected anew, and has the kernel let that pass; throws if it does not. */
  protect(): Promise<void>;
  enforce(): Promise<void>;
}

/**
 * What the customer's policy allows on this host, as far as this host's own bans let
 * it: those that its sensors decided on are observed meanwhile, and dropped again
 * once the policy is over. All others of its own stay, and what they ban is cut out
 * of what the kernel lets pass.
 */
export class AllowedHere {
  readonly #ports: AllowedHerePorts;
  readonly #turns = new Mutex();
  #ownBans: readonly Cidr[] = [];
  #allowed: readonly Cidr[] = [];
  /** Of those, and of what translators show of them. */
  #index = new CidrIndex([]);

  constructor(ports: AllowedHerePorts) {
    this.#ports = ports;
  }

  /** What the guard and the kernel are to know of it now. */
  facts(): Pick<HostFacts, "allowed" | "ownBans"> {
    return { allowed: this.#allowedNow(), ownBans: this.#ownBans };
  }

  /** Looks through this host's own bans before there is anybody to be told. */
  async open(): Promise<void> {
    await this.#look(this.#allowedNow());
  }

  /** The policy is another, or a part of it has run out. */
  follow(effects: AllowedHereEffects): Promise<void> {
    return this.#turns.run(async () => {
      try {
        await this.#look(this.#allowedNow());
        await effects.protect();
        // Sensors went by what was allowed before until now, and no longer do.
        const facts = effects.facts();
        const changed = await this.#look(facts.allowed);
        this.#record(changed, facts);
        if (changed.length > 0) await effects.enforce();
      } catch (error) {
        this.#ports.events.maintenanceFailed(error);
      }
    });
  }

  /** The bans of sensors that are to be observed, or not any more. */
  async #look(allowed: CidrIndex): Promise<readonly RecordedBan[]> {
    const { ledger, clock } = this.#ports;
    const now = unixSeconds(clock.now());
    const ownBans: Cidr[] = [];
    const changed: RecordedBan[] = [];
    let after: RecordedBan | undefined;
    for (;;) {
      const page = { feed: "local", limit: ROWS_AT_ONCE } as const;
      const bans = ledger.list(after ? { ...page, after } : page, now);
      for (const ban of bans.filter(isInForce)) {
        if (ban.bySensor) {
          if (ban.observed !== allowed.covers(ban.cidr)) changed.push(ban);
        } else if (!ban.observed && allowed.touches(ban.cidr)) {
          ownBans.push(ban.cidr);
        }
      }
      after = bans.at(-1);
      if (bans.length < ROWS_AT_ONCE) break;
      await turn();
    }
    this.#ownBans = ownBans;
    return changed;
  }

  /**
   * As sensors would have it banned now, until the end that it has: sensors may have
   * banned for longer since these were found.
   */
  #record(found: readonly RecordedBan[], facts: HostFacts): void {
    const { ledger, clock, guard, events } = this.#ports;
    const now = unixSeconds(clock.now());
    const own = ownBan(facts);
    const bans = found.flatMap(({ cidr, observed: was }): ReviewedBan[] => {
      const ban = ledger
        .bansOn(cidr, now)
        .find(
          (each) => each.feed === "local" && each.cidr.prefix === cidr.prefix,
        );
      if (ban === undefined || !isInForce(ban) || !ban.bySensor) return [];
      const { expiresAt, reason, observed, bySensor } = ban;
      if (observed !== was) return [];
      const terms = { expiresAt, reason, observed: !was, bySensor };
      return [reviewBan({ cidr, ...terms }, own, guard)];
    });
    if (bans.length === 0) return;
    for (let i = 0; i < bans.length; i += ROWS_AT_ONCE) {
      ledger.recordLocal(bans.slice(i, i + ROWS_AT_ONCE), now);
    }
    const observed = bans.filter((ban) => ban.observed).length;
    events.sensedObserved(observed, bans.length - observed);
  }

  /** The same index for as long as it is of the same ranges. */
  #allowedNow(): CidrIndex {
    const ranges = this.#ports.policies.allowed().map(({ cidr }) => cidr);
    const isSame =
      ranges.length === this.#allowed.length &&
      ranges.every((range, i) => range === this.#allowed[i]);
    if (!isSame) {
      const { guard } = this.#ports;
      const shown = ranges.flatMap((each) => throughTranslators(each, guard));
      this.#allowed = ranges;
      this.#index = new CidrIndex([...ranges, ...shown]);
    }
    return this.#index;
  }
}

const isInForce = ({ held }: RecordedBan): boolean => held === undefined;

const ROWS_AT_ONCE = 2_000;

const turn = () => new Promise((resolve) => setImmediate(resolve));
