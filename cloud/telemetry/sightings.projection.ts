import { formatCidr } from "../../agent/model/cidr.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { Database } from "../journal/database.js";
import type { ObservationProjection } from "../journal/view.js";
import { readRemote } from "./remote.js";

/** What bans dropped or watched, by org and attacker, added up. */
export const sightingTables: ObservationProjection = {
  tables: `
    CREATE TABLE sightings (
      org TEXT NOT NULL, remote TEXT NOT NULL, family INTEGER NOT NULL,
      address BLOB NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL,
      outgoing INTEGER NOT NULL, forwarded INTEGER NOT NULL,
      observed INTEGER NOT NULL,
      first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
      PRIMARY KEY (org, remote)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sightings_by_address ON sightings (family, address);
    CREATE INDEX sightings_by_age ON sightings (org, last_seen);
    CREATE TABLE sighting_totals (
      org TEXT PRIMARY KEY, packets INTEGER NOT NULL, bytes INTEGER NOT NULL,
      observed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const add = hitsFold(database);
    const forget = database.prepare(
      `DELETE FROM sightings WHERE org = @org AND last_seen <= (
         SELECT last_seen FROM sightings WHERE org = @org
         ORDER BY last_seen DESC LIMIT 1 OFFSET ${MOST_OF_AN_ORG})`,
    );
    const sinceForgotten = new Map<string, number>();
    return ({ at, event }) => {
      if (event.kind !== "telemetry") return;
      const { org, items } = event;
      for (const item of items) if (item.kind === "hits") add(org, item, at);
      const messages = (sinceForgotten.get(org) ?? 0) + 1;
      sinceForgotten.set(org, messages % FORGET_EVERY);
      if (messages === FORGET_EVERY) forget.run({ org });
    };
  },
};

/** Of each org apart: one that invents attackers displaces its own only. */
const MOST_OF_AN_ORG = 50_000;

/** Messages of an org between two looks at what is over. */
const FORGET_EVERY = 64;

function hitsFold(database: Database) {
  const most = Number.MAX_SAFE_INTEGER;
  const sum = (column: string) =>
    `${column} = min(${column} + excluded.${column}, ${most})`;
  const add = database.prepare(
    `INSERT INTO sightings VALUES (${"?, ".repeat(10)}?)
     ON CONFLICT DO UPDATE SET ${sum("packets")}, ${sum("bytes")},
       ${sum("outgoing")}, ${sum("forwarded")}, ${sum("observed")},
       first_seen = min(first_seen, excluded.first_seen),
       last_seen = max(last_seen, excluded.last_seen)`,
  );
  const addTotal = database.prepare(
    `INSERT INTO sighting_totals VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET ${sum("packets")}, ${sum("bytes")},
       ${sum("observed")}`,
  );
  return (org: string, hits: ItemOf<"hits">, at: number): void => {
    const from = Math.min(hits.from, at);
    const to = Math.min(hits.to, at);
    for (const hit of hits.top) {
      const { packets, bytes } = hit;
      const observed = hit.observed ? packets : 0;
      addTotal.run(org, packets, bytes, observed);
      const remote = readRemote(hit.remote);
      if (remote === undefined) continue;
      const outgoing = hit.direction === "out" ? packets : 0;
      const forwarded = hit.forwarded ? packets : 0;
      add.run(
        ...[org, formatCidr(remote), remote.family, remote.address],
        ...[packets, bytes, outgoing, forwarded, observed, from, to],
      );
    }
    const { packets, bytes, observed } = hits.others as Others;

    addTotal.run(org, packets, bytes, observed ?? 0);
  };
}

/** Journals of an earlier version know nothing of observing. */
interface Others {
  readonly packets: number;
  readonly bytes: number;
  readonly observed?: number;
}
