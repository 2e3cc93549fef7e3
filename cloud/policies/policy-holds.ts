import type { Clock } from "../../agent/runtime/clock.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  OrgPolicy,
  PolicyHold,
  PolicyPublished,
} from "../journal/policy-events.js";
import type { Policies } from "./policies.js";
import { withHolds } from "./policy-file.js";
import { holdsAt, lasting, type StandingPolicy } from "./standing.js";

export interface PolicyHoldsPorts {
  readonly policies: Pick<Policies, "of">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Bans of feeds that an org's policy holds, each by a publication of its own: what
 * the org's own people published stays as it is.
 */
export class PolicyHolds {
  readonly #ports: PolicyHoldsPorts;
  readonly #heldAt: Statement<number>;
  readonly #since: Statement<number>;

  constructor(database: Database, ports: PolicyHoldsPorts) {
    this.#ports = ports;
    this.#heldAt = database
      .prepare<unknown[], number>(
        "SELECT at FROM held_for_orgs WHERE org = ? AND decision = ?",
      )
      .pluck();
    this.#since = database
      .prepare<unknown[], number>(
        "SELECT count(*) FROM held_for_orgs WHERE org = ? AND at > ?",
      )
      .pluck();
  }

  /** Whether a rule has held it for the org, though somebody took that back. */
  hasHeld(org: string, decision: string): boolean {
    return this.#heldAt.get(org, decision) !== undefined;
  }

  /** How many decisions rules held for an org later than that. */
  heldSince(org: string, since: number): number {
    return this.#since.get(org, since) ?? 0;
  }

  /**
   * Holds it for the org beside what is held already; the oldest gives way.
   * @returns undefined where the org's policy has no room for it
   */
  hold(
    org: string,
    hold: PolicyHold,
    by: string,
  ): Promise<PolicyPublished | undefined> {
    return this.#publish(org, (held, revised) => {
      const kept = held.filter(({ decision }) => decision !== hold.decision);
      const event = revised([...kept, hold], { operator: by, by });
      const holds = event.policy.holds ?? [];
      if (!holds.includes(hold)) return undefined;
      return { ...event, held: hold.decision };
    });
  }

  /**
   * Has the bans of a decision count again on the org's hosts.
   * @returns undefined where it is not held
   */
  unhold(
    org: string,
    unheld: string,
    who: Pick<PolicyPublished, "operator" | "by">,
  ): Promise<PolicyPublished | undefined> {
    return this.#publish(org, (held, revised) => {
      const left = held.filter(({ decision }) => decision !== unheld);
      if (left.length === held.length) return undefined;
      return { ...revised(left, who), unheld };
    });
  }

  async #publish(
    org: string,
    eventOf: (
      held: readonly PolicyHold[],
      revised: (
        holds: readonly PolicyHold[],
        who: Pick<PolicyPublished, "operator" | "by">,
      ) => PolicyPublished,
    ) => PolicyPublished | undefined,
  ): Promise<PolicyPublished | undefined> {
    const { decisions, policies, clock } = this.#ports;
    return lookThenAppend(decisions, () => {
      const now = clock.now();
      const before = policies.of(org);
      const event = eventOf(holdsAt(before, now), (holds, { operator, by }) => {
        const counts = before !== undefined && before.expiresAt > now;
        const own = counts ? before.policy : lasts(before);
        const ends = isNothing(own) ? holds.map(({ until }) => until) : [];
        return {
          ...{ kind: "policy-published", org, operator, by },
          version: (before?.version ?? 0) + 1,
          policy: withHolds(own, holds),
          expiresAt: Math.max(counts ? before.expiresAt : now, ...ends),
          file: before?.file ?? EMPTY(org),
        };
      });
      return { events: event ? [event] : [], answer: event };
    });
  }
}

const lasts = (before: StandingPolicy | undefined): OrgPolicy =>
  before === undefined ? { allow: [], groups: [] } : lasting(before.policy);

/** Whose end ends nothing but what is held. */
const isNothing = ({ groups, ...all }: OrgPolicy): boolean =>
  [all, ...groups].every(
    ({ allow, sensors }) => allow.length === 0 && sensors === undefined,
  );

const EMPTY = (org: string): string => `version: 1\norg: ${org}\nallow: []\n`;
