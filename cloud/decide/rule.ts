import type { Logger } from "../../agent/log/logger.js";
import { parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { Evidence } from "../telemetry/evidence.js";
import { correlate, type Verdict } from "./correlate.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import type { Deeds } from "./deeds.js";
import type { NeverList } from "./never.js";
import type { Proposals } from "./proposals.js";
import type { Shares } from "./shares.js";
import type { Vetoes } from "./vetoes.js";
import type { Weights } from "./weights.js";

export interface RulePorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: CorrelationSettings;
  readonly telemetry: {
    window(attacker: string, since: number, after: number): readonly Evidence[];
  };
  readonly spent: { spentThrough(attacker: string): number };
  readonly weights: Pick<Weights, "of">;
  readonly shares: Pick<Shares, "now">;
  readonly never: Pick<NeverList, "exempts">;
  readonly vetoes: Pick<Vetoes, "on">;
  readonly proposals: Pick<Proposals, "isSettling" | "propose">;
  /** Until when everybody bans the range anyhow: Unix seconds, or 0. */
  coveredUntil(range: Cidr): Promise<number>;
  readonly deeds: Pick<Deeds, "ban">;
}

/** What became of an attacker that was looked at. */
export type Outcome =
  | { readonly what: "nothing" | "banned" | "proposed" }
  /** The table of proposals has no room for it. */
  | { readonly what: "unproposed" }
  /** The rate is used up; the org that waits for it, the quietest of them. */
  | { readonly what: "postponed"; readonly org: string };

/** Decides on one attacker, from what the journal's fold knows at the time. */
export class Rule {
  readonly #ports: RulePorts;

  constructor(ports: RulePorts) {
    this.#ports = ports;
  }

  /** @throws BadNeverList, and what publishing throws */
  async lookAt(attacker: string): Promise<Outcome> {
    if (this.#ports.proposals.isSettling(attacker)) return NOTHING;
    const verdict = this.#verdictOn(attacker);
    if (verdict === undefined) return NOTHING;
    const range = parseCidr(attacker);
    if (this.#ports.never.exempts(range) === "special") return NOTHING;
    const waiting = this.#waitsFor(verdict);
    if (waiting !== undefined) return { what: "postponed", org: waiting };
    if (!(await this.#isWorthIt(range))) return NOTHING;
    const veto = this.#ports.vetoes.on(attacker, range);
    if (veto === undefined) return this.#ban(attacker, range, verdict);
    const { log, proposals } = this.#ports;
    const proposed = await proposals.propose(attacker, verdict, veto);
    if (proposed === "settling") return NOTHING;
    if (proposed === "no-room") return { what: "unproposed" };
    const { proposal, rule, reason } = proposed;
    log.warn("a person has to decide", {
      attacker,
      proposal,
      rule,
      reason,
      veto,
    });
    return { what: "proposed" };
  }

  #verdictOn(attacker: string): Verdict | undefined {
    const { telemetry, spent, settings, clock, weights } = this.#ports;
    const now = clock.now();
    const since = now - settings.windowMs;
    const after = spent.spentThrough(attacker);
    const evidence = telemetry.window(attacker, since, after);
    return correlate(evidence, settings, now, (orgs) => weights.of(orgs));
  }

  /** Whom flooders join is banned all the same, by the shares of the others. */
  #waitsFor({ rule, orgs }: Verdict): string | undefined {
    const shares = this.#ports.shares.now();
    const needed = rule === "several-orgs" ? this.#ports.settings.orgs : 0;
    const ready = orgs.filter((org) => shares.hasRoom(org)).length;
    const hasRoom = shares.left > 0 && ready >= needed;
    return hasRoom ? undefined : shares.quietest(orgs);
  }

  async #ban(
    attacker: string,
    range: Cidr,
    { rule, reason, evidence, orgs }: Verdict,
  ): Promise<Outcome> {
    const { log, settings, clock, deeds } = this.#ports;
    const by = `rule:${rule}`;
    const shared = orgs.slice(0, MOST_ORGS);
    const mandate = { feed: "urgent", by, evidence, orgs: shared } as const;
    const terms = { forSeconds: settings.banForS, reason, observed: false };
    const startedAt = clock.monotonic();
    const { decision } = await deeds.ban(mandate, [range], terms);
    const tookMs = clock.monotonic() - startedAt;
    log.info("rule banned", { attacker, decision, rule, reason, tookMs });
    return { what: "banned" };
  }

  /**
   * Not when a ban covers the attacker nearly as long already: an operator's
   * longer ban must not be shortened, and noise must not become segments.
   */
  async #isWorthIt(range: Cidr): Promise<boolean> {
    const { settings, clock } = this.#ports;
    const until = await this.#ports.coveredUntil(range);
    const now = unixSeconds(clock.now());
    const gained = now + settings.banForS - Math.max(now, until);
    return gained >= settings.banForS / 2;
  }
}

const NOTHING: Outcome = { what: "nothing" };

/** Of an attacker whom everybody saw, so many share what it cost of the rate. */
const MOST_ORGS = 256;
