import { proveConsistency } from "../../agent/protocol/merkle-proof.js";
import type { Database } from "../journal/database.js";
import type { ObservationsDigested } from "../journal/decision-events.js";
import { lastDecision } from "../journal/sqlite-decisions.js";
import { MOST_DIGESTED } from "../journal/observations.js";
import { digestOf } from "./digest.js";
import type { TreeState } from "./messages.js";
import { rowsOf, type Rows } from "./rows.js";
import { TreeFold } from "./tree-fold.js";
import type { TreeStore } from "./tree-store.js";

/** The files that a tree is of: decisions and observations are only read. */
export interface TreeDatabases {
  readonly decisions: Database;
  readonly observations: Database;
  readonly tree: Database;
}

/** The tree, and what it can show: all of it as of what was folded last. */
export class Tree {
  readonly rows: Rows;
  readonly #fold: TreeFold;

  /**
   * @param manner "as-it-lies": also a tree that has seen more than there is
   * @throws JournalRolledBack when the tree has seen more than there is
   */
  constructor(
    { decisions, observations, tree }: TreeDatabases,
    manner: "to-fold" | "as-it-lies" = "to-fold",
  ) {
    this.rows = rowsOf(decisions, observations);
    const last = manner === "to-fold" ? lastDecision(decisions) : Infinity;
    this.#fold = new TreeFold(tree, last, this.rows);
  }

  get store(): TreeStore {
    return this.#fold.store;
  }

  /** Takes in the next few decisions; reports whether there were any. */
  step(): boolean {
    return this.#fold.step();
  }

  catchUp(): void {
    while (this.step());
  }

  state(): TreeState {
    const { size, facts } = this.store;
    return { size, root: this.store.root(), facts };
  }

  /** With no proof where the tree is smaller than that: then it did not grow. */
  growth(from: number): TreeState & { readonly proof: readonly Uint8Array[] } {
    const { size } = this.store;
    const subtrees = (level: number, index: number) =>
      this.store.subtree(level, index);
    const proof = from > size ? [] : proveConsistency(from, size, subtrees);
    return { ...this.state(), proof };
  }

  /** What is to be appended next about observations. */
  digest(): {
    readonly state: TreeState;
    readonly digest: ObservationsDigested | undefined;
  } {
    const { observed } = this.store.facts;
    const rows = this.rows.observationsAfter(observed, MOST_DIGESTED);
    return { state: this.state(), digest: digestOf(rows) };
  }

  /** Observations that were erased, and an older copy of their file brought back. */
  reappeared(): readonly number[] {
    return [...this.store.erasures()]
      .filter(({ of }) => of === "observations")
      .map(({ seq }) => seq)
      .filter((seq) => (this.rows.observation(seq)?.salt ?? null) !== null);
  }
}
