import type { Database, Statement } from "../journal/database.js";

/** What is wrong with a host, without the words for it. */
export interface Wellness {
  /** Of the health catalogue. */
  readonly codes: ReadonlySet<string>;
  /** Items that its spool had to let go of. */
  readonly dropped: number;
}

/** Tells what is wrong with hosts, of many at little cost. */
export class WellnessOfHosts {
  readonly #between: Statement<Row>;
  readonly #of: Statement<Row>;

  /** @param database the view of what agents said */
  constructor(database: Database) {
    const rows = `
      SELECT h.agent, h.dropped, c.code
      FROM hosts h LEFT JOIN conditions c ON c.agent = h.agent`;
    this.#between = database.prepare(
      `${rows} WHERE h.agent > ? AND h.agent <= ?`,
    );
    this.#of = database.prepare(`${rows} WHERE h.agent = ?`);
  }

  /** By agent, of those behind one id, up to another. */
  between(after: string, through: string): ReadonlyMap<string, Wellness> {
    return byAgent(this.#between.all(after, through));
  }

  /** Undefined of an agent that never said anything of its host. */
  of(agent: string): Wellness | undefined {
    return byAgent(this.#of.all(agent)).get(agent);
  }
}

interface Row {
  readonly agent: string;
  readonly dropped: number;
  /** Null: nothing is wrong. */
  readonly code: string | null;
}

function byAgent(rows: readonly Row[]): ReadonlyMap<string, Wellness> {
  const found = new Map<string, Wellness & { readonly codes: Set<string> }>();
  for (const { agent, dropped, code } of rows) {
    const known = found.get(agent) ?? { codes: new Set(), dropped };
    if (code !== null) known.codes.add(code);
    found.set(agent, known);
  }
  return found;
}
