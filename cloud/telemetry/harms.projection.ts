import type { Statement } from "../../agent/protocol/statement.js";
import type { RecordedObservation } from "../journal/observation-events.js";
import type { ObservationProjection } from "../journal/view.js";
import { keptStatement } from "./statements.projection.js";

/** That something hurt a host: its trial failed, or its operator released it. */
export type Harmed = Extract<
  Statement,
  { what: "trial-failed" } | { what: "released" }
>;

/** The newest harm that each device stated within a day, the same but once. */
export const harmTables: ObservationProjection = {
  tables: `
    CREATE TABLE harms (
      agent TEXT NOT NULL, about TEXT NOT NULL, org TEXT NOT NULL,
      seq INTEGER NOT NULL, nth INTEGER NOT NULL, at INTEGER NOT NULL,
      signed TEXT NOT NULL,
      PRIMARY KEY (agent, about)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX harms_by_time ON harms (at)`,

  fold(database) {
    const put = database.prepare(
      "INSERT OR REPLACE INTO harms VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const crowd = database.prepare(
      `DELETE FROM harms WHERE (agent, about) IN (
         SELECT agent, about FROM harms WHERE agent = ?
         ORDER BY seq DESC, nth DESC LIMIT -1 OFFSET ${MOST_OF_AN_AGENT})`,
    );
    const forget = database.prepare("DELETE FROM harms WHERE at < ?");
    return ({ seq, at, event }) => {
      const harms = harmsIn(event);
      if (event.kind !== "telemetry" || harms.length === 0) return;
      const { agent, org } = event;
      for (const { nth, signed, harm } of harms) {
        put.run(agent, aboutOf(harm), org, seq, nth, at, signed);
      }
      crowd.run(agent);
      forget.run(at - HARM_COUNTS_MS);
    };
  },
};

/** What harm is stated in what was taken down. */
export const harmsIn = (
  event: RecordedObservation["event"],
): readonly {
  readonly nth: number;
  readonly signed: string;
  readonly harm: Harmed;
}[] =>
  event.kind !== "telemetry"
    ? []
    : event.items.flatMap((item, nth) => {
        if (item.kind !== "statement") return [];
        const harm = keptStatement(item.signed);
        return isHarm(harm) ? { nth, signed: item.signed, harm } : [];
      });

const isHarm = (said: Statement): said is Harmed =>
  said.what === "trial-failed" || said.what === "released";

const aboutOf = (harm: Harmed): string =>
  harm.what === "released"
    ? harm.range
    : `${harm.feed} revision ${harm.revision}`;

/** What is older has hurt nobody for long. */
export const HARM_COUNTS_MS = 24 * 60 * 60 * 1000;

/** Of each agent apart: one that states much displaces its own only. */
const MOST_OF_AN_AGENT = 16;
