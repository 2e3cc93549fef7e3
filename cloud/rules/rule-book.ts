import type { DecisionEvent } from "../journal/decision-events.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  RulesPublished,
  ShadowBan,
  ShadowCount,
} from "../journal/rule-events.js";
import { readRules } from "./read-rules.js";
import type { Rule } from "./rule-set.js";
import { rulesText } from "./rule-text.js";

/** Rules that were published once, or those that a cloud has at first. */
export interface RuleSet {
  /** 0: what the settings say, as long as nothing was published. */
  readonly version: number;
  readonly text: string;
  readonly rules: readonly Rule[];
  /** Who published them, and when in ms since 1970; null: nobody had to. */
  readonly by: string | null;
  readonly at: number | null;
}

/** A version as the list of them tells it. */
export interface RuleVersion {
  readonly version: number;
  readonly mode: RulesPublished["mode"];
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Since when it does not count any more; null: it does. */
  readonly endedAt: number | null;
}

export interface RuleBookPorts {
  readonly decisions: Pick<
    Decisions,
    "level" | "append" | "catchUp" | "subscribe"
  >;
  /** What decides until something is published. */
  readonly builtIn: readonly Rule[];
}

interface Publishing {
  /** Is written down with it. */
  readonly along?: readonly DecisionEvent[];
  /** The version that decides until then; undefined: whichever it is. */
  readonly base?: number | undefined;
}

/** Other rules decide by now than those that new ones were to take the place of. */
export class OthersDecide extends Error {
  override readonly name = "OthersDecide";
}

/** Nothing is in the shadow that could be ended. */
export class NoShadow extends Error {
  override readonly name = "NoShadow";
}

/** Which rules are in force, and which in their shadow. */
export class RuleBook implements Disposable {
  readonly #ports: RuleBookPorts;
  readonly #newest: Statement<Row>;
  readonly #versions: Statement<RuleVersion>;
  readonly #text: Statement<string>;
  readonly #last: Statement<number>;
  readonly #counts: Statement<ShadowCount>;
  readonly #shadowed: Statement<string>;
  readonly #subscription: Disposable;
  readonly #heard = new Set<() => void>();
  #inForce: RuleSet | undefined;
  /** Null: there is none. */
  #inShadow: RuleSet | null | undefined;

  constructor(database: Database, ports: RuleBookPorts) {
    this.#ports = ports;
    this.#newest = database.prepare(
      `SELECT version, text, by, at FROM rule_sets
       WHERE mode = ? AND ended_at IS NULL ORDER BY version DESC LIMIT 1`,
    );
    this.#versions = database.prepare(
      `SELECT version, mode, by, at, ended_at AS endedAt FROM rule_sets
       ORDER BY version DESC`,
    );
    this.#text = database
      .prepare<unknown[], string>(
        "SELECT text FROM rule_sets WHERE version = ?",
      )
      .pluck();
    this.#last = database
      .prepare<unknown[], number>(
        "SELECT coalesce(max(version), 0) FROM rule_sets",
      )
      .pluck();
    this.#counts = database.prepare(
      `SELECT rule, bans, vetoed, stood FROM shadow_counts
       WHERE version = ? ORDER BY rule`,
    );
    this.#shadowed = database
      .prepare<unknown[], string>(
        `SELECT ban FROM shadowed WHERE version = ?
         ORDER BY number DESC LIMIT ?`,
      )
      .pluck();
    this.#subscription = ports.decisions.subscribe((news) => {
      const isNews = news.some(({ event: { kind } }) => CHANGES.has(kind));
      if (isNews) this.#changed();
    });
  }

  inForce(): RuleSet {
    this.#inForce ??= this.#read("in-force") ?? {
      ...{ version: 0, by: null, at: null, rules: this.#ports.builtIn },
      text: rulesText(this.#ports.builtIn),
    };
    return this.#inForce;
  }

  inShadow(): RuleSet | undefined {
    if (this.#inShadow === undefined) {
      this.#inShadow = this.#read("shadow") ?? null;
    }
    return this.#inShadow ?? undefined;
  }

  /** The newest first: the last that decided, the last in the shadow. */
  versions(): readonly RuleVersion[] {
    return this.#versions.all();
  }

  /** As it was published; of 0, what the settings say. */
  textOf(version: number): string | undefined {
    if (version === 0) return rulesText(this.#ports.builtIn);
    return this.#text.get(version);
  }

  /** What rules in the shadow would have banned, as far as it is written down. */
  counts(version: number): readonly ShadowCount[] {
    return this.#counts.all(version);
  }

  /** The newest first. */
  shadowed(version: number, limit: number): readonly ShadowBan[] {
    return this.#shadowed
      .all(version, limit)
      .map((text) => JSON.parse(text) as ShadowBan);
  }

  /**
   * Has rules decide, or be watched; of those that are watched already nothing is
   * written down.
   * @returns their version
   * @throws BadRules, OthersDecide
   */
  publish(
    published: Pick<RulesPublished, "text" | "mode" | "by">,
    { along = [], base }: Publishing = {},
  ): Promise<number> {
    readRules(published.text);
    return lookThenAppend(this.#ports.decisions, () => {
      this.#mustDecide(base);
      const shadow = this.#newest.get("shadow");
      if (published.mode === "shadow" && shadow?.text === published.text) {
        return { events: [], answer: shadow.version };
      }
      const version = (this.#last.get() ?? 0) + 1;
      const event = { kind: "rules-published", version, ...published } as const;
      return { events: [event, ...along], answer: version };
    });
  }

  #mustDecide(base: number | undefined): void {
    const version = this.#newest.get("in-force")?.version ?? 0;
    if (base === undefined || base === version) return;
    throw new OthersDecide(
      `version ${version} decides since, not ${base}: look at it, and propose anew`,
    );
  }

  /** @throws NoShadow */
  endShadow(by: string): Promise<number> {
    return lookThenAppend(this.#ports.decisions, () => {
      const shadow = this.#newest.get("shadow");
      if (shadow === undefined) throw new NoShadow("no rules are in shadow");
      const { version } = shadow;
      const event = { kind: "shadow-ended", version, by } as const;
      return { events: [event], answer: version };
    });
  }

  /** Whenever other rules count. */
  onChanged(listener: () => void): Disposable {
    this.#heard.add(listener);
    return { [Symbol.dispose]: () => void this.#heard.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #read(mode: RulesPublished["mode"]): RuleSet | undefined {
    const row = this.#newest.get(mode);
    return row && { ...row, rules: readRules(row.text) };
  }

  #changed(): void {
    this.#inForce = undefined;
    this.#inShadow = undefined;
    for (const listener of this.#heard) listener();
  }
}

const CHANGES: ReadonlySet<string> = new Set<DecisionEvent["kind"]>([
  "rules-published",
  "shadow-ended",
]);

type Row = Omit<RuleSet, "rules">;
