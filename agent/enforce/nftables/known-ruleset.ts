import type { KernelRuleset, KernelTable } from "./kernel-table.js";

/** What is known of our ruleset in the kernel without asking. */
type Knowledge =
  | { readonly at: "unknown" }
  | {
      readonly at: "known";
      readonly ruleset: KernelRuleset;
      /** `changesByOthers` when all of it was read; undefined: it never was. */
      readonly others: number | undefined;
    }
  /**
   * The kernel took a change and then did not hold it. The label proves nothing
   * any more: the ruleset counts as absent until it has been built anew.
   */
  | { readonly at: "doubted" };

const UNKNOWN: Knowledge = { at: "unknown" };

/**
 * Our ruleset, as far as it is known: this spares a change the look at all sets
 * and rules. Whatever fails makes it unknown again.
 */
export class KnownRuleset {
  readonly #table: Pick<KernelTable, "changesByOthers" | "ruleset">;
  #knowledge: Knowledge = UNKNOWN;
  #intact: KernelRuleset | undefined;

  constructor(table: Pick<KernelTable, "changesByOthers" | "ruleset">) {
    this.#table = table;
  }

  /** When it was last known to be whole: what a repair goes by. */
  get intact(): KernelRuleset | undefined {
    return this.#intact;
  }

  get isDoubted(): boolean {
    return this.#knowledge.at === "doubted";
  }

  /** Without asking; undefined where that would take it. */
  get remembered(): KernelRuleset | undefined {
    return this.#knowledge.at === "known" ? this.#knowledge.ruleset : undefined;
  }

  /** As it is known, or else asked of the kernel. @throws NetlinkError */
  get current(): KernelRuleset | undefined {
    if (this.#knowledge.at === "known") return this.#knowledge.ruleset;
    const ruleset = this.#table.ruleset();
    if (ruleset !== undefined && this.#knowledge.at === "unknown") {
      this.#knowledge = { at: "known", ruleset, others: undefined };
    }
    return ruleset;
  }

  /**
   * Read back, which takes asking only where somebody else has changed anything
   * since; undefined where it is absent, or doubted. @throws NetlinkError
   */
  read(): KernelRuleset | undefined {
    const known = this.#knowledge;
    if (known.at === "doubted") return undefined;
    const others = this.#table.changesByOthers();
    if (known.at === "known" && known.others === others) return known.ruleset;
    const ruleset = this.#table.ruleset();
    this.#knowledge = ruleset ? { at: "known", ruleset, others } : UNKNOWN;
    this.#intact = ruleset ?? this.#intact;
    return ruleset;
  }

  /** The kernel took a change of ours: a doubt stays. */
  changed(ruleset: KernelRuleset): void {
    if (this.#knowledge.at !== "doubted") this.rebuilt(ruleset);
    this.#intact = ruleset;
  }

  /** It is about to be built anew: what is there is no measure any more. */
  rebuilding(): void {
    this.#intact = undefined;
  }

  /** All of it is new, so that a doubt ends. */
  rebuilt(ruleset: KernelRuleset): void {
    const known = this.#knowledge;
    const others = known.at === "known" ? known.others : undefined;
    this.#knowledge = { at: "known", ruleset, others };
    this.#intact = ruleset;
  }

  /** The kernel does not hold what it took. */
  doubt(): void {
    this.#knowledge = { at: "doubted" };
  }

  /** Something failed: what was known may not be so any more; a doubt stays. */
  failed(): void {
    if (this.#knowledge.at === "known") this.#knowledge = UNKNOWN;
  }

  /** It was removed. */
  removed(): void {
    this.#knowledge = UNKNOWN;
    this.#intact = undefined;
  }
}
