import { formatCidr } from "../../agent/model/cidr.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { ObservationProjection } from "../journal/view.js";
import { readRemote } from "./remote.js";

/** Each agent's newest contacts with banned addresses. */
export const contactTables: ObservationProjection = {
  tables: `
    CREATE TABLE contact_counts (
      agent TEXT PRIMARY KEY, contacts INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE contacts (
      agent TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,
      nth INTEGER NOT NULL, at INTEGER NOT NULL, org TEXT NOT NULL,
      time INTEGER NOT NULL, early_by INTEGER NOT NULL, remote TEXT NOT NULL,
      family INTEGER, address BLOB, protocol INTEGER NOT NULL,
      port INTEGER NOT NULL, packets INTEGER NOT NULL, begun INTEGER NOT NULL,
      forwarded INTEGER NOT NULL, observed INTEGER NOT NULL, process TEXT,
      unit TEXT, container TEXT,
      PRIMARY KEY (agent, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX contacts_by_place ON contacts (seq, nth);
    CREATE INDEX contacts_by_address ON contacts (family, address)`,

  fold(database) {
    const count = database
      .prepare<unknown[], number>(
        `INSERT INTO contact_counts VALUES (?, 1)
         ON CONFLICT DO UPDATE SET contacts = contacts + 1
         RETURNING contacts`,
      )
      .pluck();
    const add = database.prepare(
      `INSERT INTO contacts VALUES (${"?, ".repeat(19)}?)`,
    );
    const forget = database.prepare(
      "DELETE FROM contacts WHERE agent = ? AND number <= ?",
    );
    return ({ seq, at, event }) => {
      if (event.kind !== "telemetry") return;
      const { agent, org, items } = event;
      for (const [nth, item] of items.entries()) {
        if (item.kind !== "contact") continue;
        const number = count.get(agent) ?? 0;
        const place = [agent, number, seq, nth, at, org];
        add.run(...place, ...columnsOf(item, at));
        forget.run(agent, number - MOST_OF_AN_AGENT);
      }
    };
  },
};

/** Of each agent apart: one that invents contacts displaces its own only. */
const MOST_OF_AN_AGENT = 1_000;

/** No item is from later than it arrived; by how much it claims to be is told. */
function columnsOf(item: ItemOf<"contact">, at: number) {
  const remote = readRemote(item.remote);
  const { protocol, port, packets, begun, forwarded, observed } = item;
  return [
    ...[Math.min(item.time, at), Math.max(0, item.time - at)],
    remote ? formatCidr(remote) : item.remote,
    ...[remote?.family ?? null, remote?.address ?? null],
    ...[protocol, port, packets],
    ...[Number(begun), Number(forwarded), Number(observed)],
    ...[item.process ?? null, item.unit ?? null, item.container ?? null],
  ];
}
