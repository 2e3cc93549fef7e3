import type { Database, Statement } from "../journal/database.js";
import { LONGEST_WINDOW_MS } from "../rules/rule-set.js";

/** Who was banned on evidence before, and which evidence that was. */
export class Earlier {
  readonly #count: Statement<number>;
  readonly #acted: Statement<1>;

  /** @param decided the view of the decisions */
  constructor(decided: Database) {
    this.#count = decided
      .prepare<unknown[], number>(
        `SELECT count(*) FROM earlier
         WHERE attacker = @attacker AND at > @since AND until <= @now
           AND lifted = 0`,
      )
      .pluck();
    this.#acted = decided
      .prepare<unknown[], 1>(
        `SELECT 1 FROM earlier
         WHERE attacker = @attacker AND through >= @seq AND at <= @most
         UNION ALL
         SELECT 1 FROM proposals, json_each(evidence)
         WHERE attacker = @attacker AND value >= @seq
           AND proposed_at <= @most
         LIMIT 1`,
      )
      .pluck();
  }

  /**
   * How often it was banned later than `since`, by bans that are over and that
   * nobody lifted: what a person lifts was wrong, or is forgiven.
   */
  count(attacker: string, since: number, now: number): number {
    return this.#count.get({ attacker, since, now }) ?? 0;
  }

  /** Whether a rule banned or proposed on what an observation brought. */
  actedOn(attacker: string, seq: number, time: number): boolean {
    const most = time + LONGEST_WINDOW_MS;
    return this.#acted.get({ attacker, seq, most }) !== undefined;
  }
}
