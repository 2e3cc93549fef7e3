import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import type { ObservationProjection } from "../journal/view.js";

/** How far each spool got, and how each host was when it last said so. */
export const spoolTables: ObservationProjection = {
  tables: `
    CREATE TABLE spools (
      agent TEXT NOT NULL, spool TEXT NOT NULL, through INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      PRIMARY KEY (agent, spool)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE hosts (
      agent TEXT PRIMARY KEY, vitals TEXT, inventory TEXT,
      dropped INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE conditions (
      agent TEXT NOT NULL, code TEXT NOT NULL, severity TEXT NOT NULL,
      text TEXT NOT NULL, since INTEGER NOT NULL,
      PRIMARY KEY (agent, code)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE taken_back (
      agent TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,
      text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX taken_back_by_agent ON taken_back (agent, seq)`,

  fold(database) {
    const advance = database.prepare(
      `INSERT INTO spools VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET through = max(through, excluded.through),
         seq = excluded.seq`,
    );
    const forgetSpools = database.prepare(
      `DELETE FROM spools WHERE agent = ? AND spool NOT IN (
         SELECT spool FROM spools WHERE agent = ?
         ORDER BY seq DESC LIMIT ${MOST_SPOOLS})`,
    );
    const takeItem = hostFold(database);
    const takeBack = takenBackFold(database);
    return ({ seq, at, event }) => {
      if (event.kind !== "telemetry") return;
      const { agent, spool, first, items } = event;
      advance.run(agent, spool, first + items.length - 1, seq);
      forgetSpools.run(agent, agent);
      for (const item of items) {
        if (item.kind === "statement" || item.kind === "opaque") continue;
        takeItem(agent, item, at);
        takeBack({ agent, seq }, item);
      }
    };
  },
};

/** An agent makes a new spool when it loses its own, which is seldom. */
const MOST_SPOOLS = 16;

/** Far more than the health catalogue of any agent has. */
const MOST_CONDITIONS = 64;

/** The newest changes that a host took back; who looks later has the journal. */
const MOST_TAKEN_BACK = 64;

function takenBackFold(database: Parameters<ObservationProjection["fold"]>[0]) {
  const add = database.prepare("INSERT INTO taken_back VALUES (?, ?, ?, ?)");
  const forget = database.prepare(
    `DELETE FROM taken_back WHERE agent = @agent AND rowid NOT IN (
       SELECT rowid FROM taken_back WHERE agent = @agent
       ORDER BY seq DESC, rowid DESC LIMIT ${MOST_TAKEN_BACK})`,
  );
  return (
    from: { readonly agent: string; readonly seq: number },
    item: TelemetryItem,
  ): void => {
    if (item.kind !== "health" || item.code !== "change-taken-back") return;
    if (item.state === "cleared") return;
    const { agent, seq } = from;
    add.run(agent, seq, item.time, item.text);
    forget.run({ agent });
  };
}

function hostFold(database: Parameters<ObservationProjection["fold"]>[0]) {
  const addHost = database.prepare(
    "INSERT INTO hosts VALUES (?, NULL, NULL, 0) ON CONFLICT DO NOTHING",
  );
  const setVitals = database.prepare(
    "UPDATE hosts SET vitals = ? WHERE agent = ?",
  );
  const setInventory = database.prepare(
    "UPDATE hosts SET inventory = ? WHERE agent = ?",
  );
  const addDropped = database.prepare(
    // SQLite would turn to floating point, and the table is strict.
    `UPDATE hosts SET dropped = min(dropped + ?, ${Number.MAX_SAFE_INTEGER})
     WHERE agent = ?`,
  );
  const raise = database.prepare(
    `INSERT INTO conditions SELECT ?, ?, ?, ?, ?
     WHERE (SELECT count(*) FROM conditions WHERE agent = ?) < ${MOST_CONDITIONS}
     ON CONFLICT DO UPDATE SET severity = excluded.severity,
       text = excluded.text`,
  );
  const clear = database.prepare(
    "DELETE FROM conditions WHERE agent = ? AND code = ?",
  );
  return (agent: string, item: TelemetryItem, at: number): void => {
    if (item.kind === "detection" || item.kind === "hits") return;
    if (item.kind === "health" && item.state === "happened") return;
    if (item.kind === "contact") return;
    addHost.run(agent);
    if (item.kind === "vitals") {
      setVitals.run(JSON.stringify(item), agent);
    } else if (item.kind === "inventory") {
      setInventory.run(JSON.stringify(item), agent);
    } else if (item.kind === "dropped") {
      addDropped.run(item.items, agent);
    } else if (item.state === "cleared") {
      clear.run(agent, item.code);
    } else {
      const { code, severity, text, time } = item;
      raise.run(agent, code, severity, text, Math.min(time, at), agent);
    }
  };
}
