import type { Clock } from "../../agent/runtime/clock.js";
import type { Database, Statement } from "../journal/database.js";
import { STEP_UP_MS } from "../operators/operators.js";

/** Until when which session or token may do what is dangerous. */
export class StepUps {
  readonly #clock: Pick<Clock, "now">;
  readonly #grant: Statement<never>;
  readonly #until: Statement<number>;
  readonly #forget: Statement<never>;

  constructor(accounts: Database, clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#grant = accounts.prepare(
      "INSERT OR REPLACE INTO step_ups VALUES (@credential, @until)",
    );
    this.#until = accounts
      .prepare<unknown[], number>(
        "SELECT until FROM step_ups WHERE credential = ?",
      )
      .pluck();
    this.#forget = accounts.prepare("DELETE FROM step_ups WHERE until <= ?");
  }

  /** @returns until when, in ms since 1970 */
  grant(credential: string): number {
    const now = this.#clock.now();
    // As many as were granted within ten minutes: the door's rates bound that.
    this.#forget.run(now);
    const until = now + STEP_UP_MS;
    this.#grant.run({ credential, until });
    return until;
  }

  /** Null: not now. */
  until(credential: string): number | null {
    const until = this.#until.get(credential);
    const now = this.#clock.now();
    if (until === undefined || until <= now) return null;
    // A clock that was set back makes nothing of it last longer.
    return Math.min(until, now + STEP_UP_MS);
  }
}
