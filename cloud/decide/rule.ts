import type { Logger } from "../../agent/log/logger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { Match, Sight } from "../rules/looker.js";
import type { RuleBook } from "../rules/rule-book.js";
import type { Verdict } from "../rules/verdict.js";
import { areEnough, fewest, written } from "../rules/witnesses.js";
import type { Deeds } from "./deeds.js";
import type { NeverList } from "./never.js";
import type { Proposals } from "./proposals.js";
import type { Shares } from "./shares.js";
import type { Vetoes } from "./vetoes.js";

export interface RulePorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Pick<RuleBook, "inForce">;
  /** Up to which observation what was seen of an attacker is decided on. */
  readonly spent: { spentThrough(attacker: string): number };
  readonly shares: Pick<Shares, "now">;
  readonly never: Pick<NeverList, "exempts">;
  readonly vetoes: Pick<Vetoes, "on">;
  readonly proposals: Pick<Proposals, "isSettling" | "propose">;
  /** Until when everybody bans the range anyhow: Unix seconds, or 0. */
  readonly coveredUntil: (range: Cidr) => Promise<number>;
  readonly deeds: Pick<Deeds, "ban">;
}

/** What became of an attacker that was looked at. */
export type Outcome =
  | { readonly what: "nothing" | "banned" | "proposed" }
  /** The table of proposals has no room for it. */
  | { readonly what: "unproposed" }
  /** Somebody decided meanwhile, on the attacker or on rules: to be looked at anew. */
  | { readonly what: "outdated" }
  /** The rate is used up; the org that waits for it, of those that are needed. */
  | { readonly what: "postponed"; readonly org: string };

/** Decides on one attacker, from what the logs' folds know at the time. */
export class Rule {
  readonly #ports: RulePorts;

  constructor(ports: RulePorts) {
    this.#ports = ports;
  }

  /**
   * The first of the rules that has seen enough and whose ban is worth it decides.
   * @throws BadNeverList, and what publishing throws
   */
  async lookAt(sight: Sight): Promise<Outcome> {
    const { proposals, book, spent, never, coveredUntil } = this.#ports;
    const { attacker, range } = sight;
    if (proposals.isSettling(attacker)) return NOTHING;
    const { rules, version } = book.inForce();
    const after = spent.spentThrough(attacker);
    let until: number | undefined;
    for await (const match of sight.matches(rules, after)) {
      if (never.exempts(range) === "special") return NOTHING;
      const waiting = this.#waitsFor(match.verdict);
      if (waiting !== undefined) return { what: "postponed", org: waiting };
      until ??= await coveredUntil(range);
      // From here to what is decided there is no turn in which others decide.
      const isOutdated =
        spent.spentThrough(attacker) !== after ||
        book.inForce().version !== version;
      if (isOutdated) return { what: "outdated" };
      if (!this.#isWorthIt(until, match.forS)) continue;
      return this.#decide(attacker, range, { ...match, version });
    }
    return NOTHING;
  }

  async #decide(
    attacker: string,
    range: Cidr,
    match: Versioned,
  ): Promise<Outcome> {
    const { log, proposals, vetoes } = this.#ports;
    const veto = vetoes.on(attacker, range);
    if (veto === undefined) return this.#ban(attacker, range, match);
    const proposed = await proposals.propose(attacker, match.verdict, veto);
    if (proposed === "settling") return NOTHING;
    if (proposed === "no-room") return { what: "unproposed" };
    const { proposal, rule, reason } = proposed;
    log.warn("a person has to decide", {
      ...{ attacker, proposal, rule, reason, veto },
    });
    return { what: "proposed" };
  }

  /**
   * Whom flooders join is banned all the same, by the shares of the others: of
   * those who have room, the weight has to be enough.
   */
  #waitsFor(verdict: Verdict): string | undefined {
    const shares = this.#ports.shares.now();
    const ready = areEnough(verdict, (org) => shares.hasRoom(org));
    if (shares.left > 0 && ready) return undefined;
    return shares.quietest(fewest(verdict));
  }

  async #ban(
    attacker: string,
    range: Cidr,
    { verdict, forS, version }: Versioned,
  ): Promise<Outcome> {
    const { log, clock, deeds } = this.#ports;
    const { rule, reason, evidence, confidence } = verdict;
    const by = `rule:${rule}`;
    const mandate = {
      ...({ feed: "urgent", by, evidence, confidence } as const),
      ...written(verdict),
      ...(version > 0 && { rules: version }),
    };
    const terms = { forSeconds: forS, reason, observed: false };
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
  #isWorthIt(until: number, forS: number): boolean {
    const now = unixSeconds(this.#ports.clock.now());
    const gained = now + forS - Math.max(now, until);
    return gained >= forS / 2;
  }
}

/** With the version of the rules that it is of. */
interface Versioned extends Match {
  readonly version: number;
}

const NOTHING: Outcome = { what: "nothing" };
