import type { Clock } from "../../agent/runtime/clock.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  GlassBroken,
  GlassReviewed,
} from "../journal/two-person-events.js";
import type { Caller } from "../operators/caller.js";
import type { Others } from "./others.js";
import { SamePerson } from "./refusals.js";

/** An order that nobody else saw before it was carried out. Times in ms. */
export interface BrokenGlass extends Omit<GlassBroken, "kind"> {
  /** Its place in the order of all decisions. */
  readonly seq: number;
  readonly brokenAt: number;
  /** Null while nobody has looked at it. */
  readonly verdict: GlassReviewed["verdict"] | null;
  readonly reviewedAt: number | null;
  readonly reviewedBy: string | null;
  readonly reviewedWhy: string | null;
  /** Who broke it reviewed it, since there was nobody else. */
  readonly bySelf: boolean | null;
}

/** It was reviewed before. */
export class ReviewedBefore extends Error {
  override readonly name = "ReviewedBefore";
}

export interface BreakGlassPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly clock: Pick<Clock, "now">;
  readonly others: Pick<Others, "count" | "isSame">;
}

/** What was done in haste by one, and is looked at later by another. */
export class BreakGlass {
  readonly #ports: BreakGlassPorts;
  readonly #one: Statement<Row>;
  readonly #list: Statement<Row>;
  readonly #unreviewed: Statement<{ count: number; since: number | null }>;
  readonly #ofDecision: Statement<object>;

  constructor(database: Database, ports: BreakGlassPorts) {
    this.#ports = ports;
    this.#one = database.prepare(`${GLASS} WHERE id = ?`);
    this.#list = database.prepare(
      `${GLASS} WHERE (@all OR verdict IS NULL)
         AND (@before IS NULL OR seq < @before)
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#unreviewed = database.prepare(
      "SELECT count(*) AS count, min(at) AS since FROM glass WHERE verdict IS NULL",
    );
    this.#ofDecision = database.prepare(
      "SELECT 1 FROM glass WHERE decision = ?",
    );
  }

  /** Newest first: those that nobody has reviewed, or all. */
  list(query: {
    readonly all: boolean;
    readonly limit: number;
    readonly before?: number | undefined;
  }): readonly BrokenGlass[] {
    const { all, limit, before = null } = query;
    return this.#list.all({ all: Number(all), limit, before }).map(glassOf);
  }

  glass(id: string): BrokenGlass | undefined {
    const row = this.#one.get(id);
    return row && glassOf(row);
  }

  /** Whether a glass was broken for the decision, as long as the view has it. */
  isThrough(decision: string): boolean {
    return this.#ofDecision.get(decision) !== undefined;
  }

  /** How many nobody has reviewed, and since when the oldest waits. */
  unreviewed(): { readonly count: number; readonly since: number | null } {
    return this.#unreviewed.get() ?? { count: 0, since: null };
  }

  /**
   * By somebody else than who broke it; where nobody else could, by the same, and
   * the record says so.
   * @throws SamePerson, ReviewedBefore
   */
  async review(
    { id, operator }: { readonly id: string; readonly operator: string },
    caller: Caller,
    said: Pick<GlassReviewed, "verdict" | "reason">,
  ): Promise<BrokenGlass> {
    const { others, decisions } = this.#ports;
    await lookThenAppend(decisions, () => {
      const bySelf = others.isSame(caller.operator, operator);
      if (bySelf && others.count(operator, null) > 0) {
        throw new SamePerson(
          `${caller.name} broke the glass: somebody else reviews it`,
        );
      }
      const { verdict, reviewedBy } = this.#one.get(id) ?? UNREVIEWED;
      if (verdict !== null) {
        throw new ReviewedBefore(
          `${id} was found ${verdict} by ${reviewedBy ?? ""} already`,
        );
      }
      const event: GlassReviewed = {
        ...{ kind: "glass-reviewed", glass: id, ...said, bySelf },
        ...{ operator: caller.operator, by: caller.name },
      };
      return { events: [event], answer: undefined };
    });
    const reviewed = this.glass(id);
    if (reviewed === undefined) throw new Error(`there is no ${id}`);
    return reviewed;
  }
}

const UNREVIEWED = { verdict: null, reviewedBy: null };

const GLASS = `
  SELECT seq, id, event, at, verdict, reviewed_at AS reviewedAt,
    reviewed_by AS reviewedBy, reviewed_why AS reviewedWhy, by_self AS bySelf
  FROM glass`;

interface Row extends Pick<
  BrokenGlass,
  "seq" | "verdict" | "reviewedAt" | "reviewedBy" | "reviewedWhy"
> {
  readonly id: string;
  readonly event: string;
  readonly at: number;
  readonly bySelf: 0 | 1 | null;
}

const glassOf = ({ id, event, at, bySelf, ...row }: Row): BrokenGlass => ({
  ...(JSON.parse(event) as Omit<GlassBroken, "kind" | "glass">),
  ...row,
  ...{ glass: id, brokenAt: at },
  bySelf: bySelf === null ? null : bySelf === 1,
});
