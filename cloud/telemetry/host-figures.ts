import type { Database, Statement } from "../journal/database.js";

/** The few things that a host said of itself which lists are asked by; null: never. */
export interface HostFigures {
  readonly system: string | null;
  readonly kernel: string | null;
  readonly arch: string | null;
  /** In force, only observed, and held. */
  readonly bans: number | null;
  readonly observed: number | null;
  readonly held: number | null;
}

/** Tells what hosts said of themselves, of many at little cost. */
export class FiguresOfHosts {
  readonly #between: Statement<HostFigures & { readonly agent: string }>;

  /** @param database the view of what agents said */
  constructor(database: Database) {
    this.#between = database.prepare(
      `SELECT agent, inventory ->> '$.system' AS system,
         inventory ->> '$.kernel' AS kernel, inventory ->> '$.arch' AS arch,
         vitals ->> '$.bans' AS bans, vitals ->> '$.observed' AS observed,
         vitals ->> '$.held' AS held
       FROM hosts WHERE agent > ? AND agent <= ?`,
    );
  }

  /** By agent, of those behind one id, up to another. */
  between(after: string, through: string): ReadonlyMap<string, HostFigures> {
    const rows = this.#between.all(after, through);
    return new Map(rows.map((row) => [row.agent, row]));
  }
}
