import { sha256 } from "../../agent/protocol/sha256.js";
import { BadFolder } from "../folder.js";
import type { Database } from "../journal/database.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { DecisionRow } from "../journal/decisions.js";
import { JournalRolledBack } from "../journal/view.js";
import { commitmentsOf } from "./leaves.js";
import type { Rows } from "./rows.js";
import { TREE_TABLES, TreeStore, type Facts } from "./tree-store.js";

/**
 * The tree as a pure fold over the decisions: the same decisions make the same tree,
 * whenever and wherever they are folded, and whatever of them was erased since.
 */
export class TreeFold {
  readonly store: TreeStore;
  readonly #rows: Pick<Rows, "decisionsAfter">;

  /**
   * @param last the newest decision; Infinity: no matter
   * @throws JournalRolledBack when the tree has seen more than there is
   */
  constructor(
    database: Database,
    last: number,
    rows: Pick<Rows, "decisionsAfter">,
  ) {
    prepareTables(database);
    this.store = new TreeStore(database);
    this.#rows = rows;
    const { seq } = this.store.facts;
    if (seq > last) throw new JournalRolledBack(database.name, seq, last);
  }

  /** Takes in the next few decisions; reports whether there were any. */
  step(): boolean {
    const { seq } = this.store.facts;
    const rows = this.#rows.decisionsAfter(seq, AT_ONCE);
    if (rows.length === 0) return false;
    this.store.write((add) => {
      const most = this.store.size + LEAVES_AT_ONCE;
      let { facts } = this.store;
      for (const row of rows) {
        if (this.store.size >= most) break;
        add(row.seq, commitmentsOf(row));
        const event = tellingOf(row);
        if (event?.kind === "erased") this.store.erased(event);
        facts = factsAfter({ ...facts, seq: row.seq }, event);
      }
      return facts;
    });
    return true;
  }
}

const AT_ONCE = 64;

/** A full segment has so many: some fifty milliseconds, and then questions come in. */
const LEAVES_AT_ONCE = 4_096;

function factsAfter(facts: Facts, event: DecisionEvent | undefined): Facts {
  switch (event?.kind) {
    case "log-begun":
      return { ...facts, log: event.log };
    case "observed":
      return { ...facts, observed: event.last };
    case "root-published":
      return { ...facts, root: event.version };
    default:
      return facts;
  }
}

/** An event that may say something of the tree itself. */
function tellingOf({ body }: DecisionRow): DecisionEvent | undefined {
  if (body === null || !TELLING.test(body)) return undefined;
  return JSON.parse(body) as DecisionEvent;
}

const TELLING = /^{"kind":"(?:log-begun|observed|root-published|erased)"/;

/**
 * Starts over when the tables are of another version.
 * @throws BadFolder where they are only read
 */
function prepareTables(database: Database): void {
  const version = sha256(Buffer.from(TREE_TABLES)).readInt32BE(0);
  if (database.pragma("user_version", { simple: true }) === version) return;
  if (database.readonly) {
    throw new BadFolder(
      `${database.name} is of another version: start the cloud once`,
    );
  }
  database.transaction(() => {
    for (const table of ["tiles", "places", "facts", "erasures"]) {
      database.exec(`DROP TABLE IF EXISTS ${table}`);
    }
    database.exec(TREE_TABLES);
    database.pragma(`user_version = ${version}`);
  })();
}
