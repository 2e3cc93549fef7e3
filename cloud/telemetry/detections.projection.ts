import { formatCidr } from "../../agent/model/cidr.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { ObservationProjection } from "../journal/view.js";
import { attackerKey, attackerOf, readRemote } from "./remote.js";

/** Each agent's newest detections. */
export const detectionTables: ObservationProjection = {
  tables: `
    CREATE TABLE detection_counts (
      agent TEXT PRIMARY KEY, detections INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE detections (
      agent TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
      nth INTEGER NOT NULL, at INTEGER NOT NULL, org TEXT NOT NULL,
      time INTEGER NOT NULL, early_by INTEGER NOT NULL, sensor TEXT NOT NULL,
      source TEXT NOT NULL, family INTEGER, address BLOB, attacker TEXT,
      count INTEGER NOT NULL, first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL, action TEXT NOT NULL, rule TEXT,
      PRIMARY KEY (agent, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX detections_by_place ON detections (seq, nth);
    CREATE INDEX detections_by_attacker ON detections (attacker, seq, nth);
    CREATE INDEX detections_by_witness
      ON detections (attacker, org, agent, at);
    CREATE INDEX detections_by_address ON detections (family, address)`,

  fold(database) {
    const count = database
      .prepare<unknown[], number>(
        `INSERT INTO detection_counts VALUES (?, 1)
         ON CONFLICT DO UPDATE SET detections = detections + 1
         RETURNING detections`,
      )
      .pluck();
    const add = database.prepare(
      `INSERT INTO detections VALUES (${"?, ".repeat(17)}?)`,
    );
    const forget = database.prepare(
      "DELETE FROM detections WHERE agent = ? AND number <= ?",
    );
    return ({ seq, at, event }) => {
      if (event.kind !== "telemetry") return;
      const { agent, org, items } = event;
      for (const [nth, item] of items.entries()) {
        if (item.kind !== "detection") continue;
        const number = count.get(agent) ?? 0;
        const place = [agent, number, seq, nth, at, org];
        add.run(...place, ...columnsOf(item, at));
        forget.run(agent, number - MOST_OF_AN_AGENT);
      }
    };
  },
};

/**
 * Of each agent apart: one that invents detections displaces its own only.
 * Enough for a burst from ten thousand addresses.
 */
export const MOST_OF_AN_AGENT = 10_000;

/** No item is from later than it arrived; by how much it claims to be is told. */
function columnsOf(item: ItemOf<"detection">, at: number) {
  const { time, sensor, count, firstSeen, lastSeen, action, rule } = item;
  const remote = readRemote(item.source);
  const attacker = remote && attackerOf(remote);
  return [
    Math.min(time, at),
    Math.max(0, time - at),
    sensor,
    remote ? formatCidr(remote) : item.source,
    remote?.family ?? null,
    remote?.address ?? null,
    attacker ? attackerKey(attacker) : null,
    count,
    Math.min(firstSeen, at),
    Math.min(lastSeen, at),
    action,
    rule ?? null,
  ];
}
