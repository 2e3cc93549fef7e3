import type { Database } from "./database.js";
import type { DecisionProjection } from "./view.js";

/** How far the observations are in digests that the decisions hold. */
export const digestTables: DecisionProjection = {
  tables: "CREATE TABLE digested (through INTEGER NOT NULL) STRICT",

  fold(database) {
    const begin = database.prepare(
      "INSERT INTO digested SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM digested)",
    );
    const advance = database.prepare(
      "UPDATE digested SET through = max(through, ?)",
    );
    return ({ event }) => {
      if (event.kind !== "observed") return;
      begin.run();
      advance.run(event.last);
    };
  },
};

/** The newest observation that is in a digest; 0 for none. */
export const digestedIn = (decided: Database): number =>
  decided
    .prepare<[], number>("SELECT coalesce(max(through), 0) FROM digested")
    .pluck()
    .get() ?? 0;
