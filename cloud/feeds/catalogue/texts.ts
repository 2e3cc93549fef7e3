import type { Database, Statement } from "../../journal/database.js";

/** A decision, and when it was: milliseconds since 1970. */
export interface NamedDecision {
  readonly text: string;
  readonly at: number;
}

/** The texts that bans have the numbers of. */
export class Texts {
  readonly #reason: Statement<string>;
  readonly #decision: Statement<NamedDecision>;
  readonly #number: Statement<number>;
  readonly #since: Statement<number>;
  readonly #reasons = new Map<number, string>();
  readonly #decisions = new Map<number, NamedDecision>();

  constructor(database: Database) {
    this.#reason = database
      .prepare<unknown[], string>("SELECT text FROM reasons WHERE id = ?")
      .pluck();
    this.#decision = database.prepare(
      "SELECT text, at FROM decisions WHERE id = ?",
    );
    this.#number = database
      .prepare<unknown[], number>("SELECT id FROM decisions WHERE text = ?")
      .pluck();
    this.#since = database
      .prepare<unknown[], number>(
        "SELECT id FROM decisions WHERE at >= ? ORDER BY at, id LIMIT 1",
      )
      .pluck();
  }

  reason(id: number): string {
    return kept(this.#reasons, id, () => this.#reason.get(id) ?? "");
  }

  decision(id: number): NamedDecision {
    const none = { text: "", at: 0 };
    return kept(this.#decisions, id, () => this.#decision.get(id) ?? none);
  }

  /** The number of a decision; undefined: no ban was ever of it. */
  numberOf(decision: string): number | undefined {
    return this.#number.get(decision.toLowerCase());
  }

  /** The number of the first decision at a time or behind it; undefined: none is. */
  firstSince(at: number): number | undefined {
    return this.#since.get(at);
  }
}

function kept<T>(known: Map<number, T>, id: number, read: () => T): T {
  const found = known.get(id);
  if (found !== undefined) return found;
  if (known.size >= MOST_KEPT) known.clear();
  const text = read();
  known.set(id, text);
  return text;
}

/** Of each kind: some 2 MB. */
const MOST_KEPT = 8_192;
