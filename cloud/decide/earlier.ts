import type { Database, Statement } from "../journal/database.js";
import { LONGEST_WINDOW_MS } from "../rules/rule-set.js";

/** Who was banned on evidence before, and which evidence that was. */
export class Earlier {
  readonly #count: Statement<number>;
  readonly #acted: Readonly<Record<Acts, Statement<1>>>;

  /** @param decided the view of the decisions */
  constructor(decided: Database) {
    this.#count = decided
      .prepare<unknown[], number>(
        `SELECT count(*) FROM earlier
         WHERE attacker = @attacker AND at > @since AND until <= @now
           AND lifted = 0`,
      )
      .pluck();
    const acted = (text: string) =>
      decided.prepare<unknown[], 1>(`${text} LIMIT 1`).pluck();
    this.#acted = {
      bans: acted(BANS),
      "bans and proposals": acted(`${BANS} UNION ALL ${PROPOSALS}`),
    };
  }

  /**
   * How often it was banned later than `since`, by bans that are over and that
   * nobody lifted: what a person lifts was wrong, or is forgiven.
   */
  count(attacker: string, since: number, now: number): number {
    return this.#count.get({ attacker, since, now }) ?? 0;
  }

  /** Whether a rule banned or proposed on what an observation brought. */
  actedOn(
    attacker: string,
    { seq, time }: { readonly seq: number; readonly time: number },
    of: Acts,
  ): boolean {
    const most = time + LONGEST_WINDOW_MS;
    return this.#acted[of].get({ attacker, seq, most }) !== undefined;
  }
}

/** What a rule may have come to. */
type Acts = "bans" | "bans and proposals";

const BANS = `
  SELECT 1 FROM earlier
  WHERE attacker = @attacker AND through >= @seq AND at <= @most`;

const PROPOSALS = `
  SELECT 1 FROM proposals, json_each(evidence)
  WHERE attacker = @attacker AND value >= @seq AND proposed_at <= @most`;
