import { formatCidr } from "../../agent/model/cidr.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import type { Database } from "../journal/database.js";
import type { ObservationProjection } from "../journal/view.js";
import { attackerOf, readRemote } from "../telemetry/remote.js";

/** Which single addresses hosts' guards protect, as far as hosts say so. */
export const holdTables: ObservationProjection = {
  tables: `
    CREATE TABLE holds (
      attacker TEXT NOT NULL, agent TEXT NOT NULL, rule TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (attacker, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX holds_by_agent ON holds (agent, at)`,

  fold(database) {
    const hold = holdFold(database);
    return ({ at, event }) => {
      if (event.kind === "receipt") {
        const { held } = JSON.parse(event.signed) as Receipt;
        for (const each of held) hold(event.agent, each, at);
      } else if (event.kind === "telemetry") {
        for (const item of event.items) {
          if (item.kind !== "detection" || item.action !== "held") continue;
          const { source: range, rule = "" } = item;
          hold(event.agent, { range, rule }, at);
        }
      }
    };
  },
};

function holdFold(database: Database) {
  const put = database.prepare(
    `INSERT INTO holds VALUES (@attacker, @agent, @rule, @at)
     ON CONFLICT DO UPDATE SET rule = excluded.rule, at = excluded.at`,
  );
  const forget = database.prepare(
    `DELETE FROM holds WHERE agent = @agent AND at < (
       SELECT at FROM holds WHERE agent = @agent
       ORDER BY at DESC LIMIT 1 OFFSET ${MOST_OF_AN_AGENT})`,
  );
  return (
    agent: string,
    { range, rule }: { readonly range: string; readonly rule: string },
    at: number,
  ): void => {
    const remote = PROTECTIVE.has(rule) ? readRemote(range) : undefined;
    const attacker = remote && attackerOf(remote);
    if (attacker === undefined) return;
    put.run({ attacker: formatCidr(attacker), agent, rule, at });
    forget.run({ agent });
  };
}

/** Rules of the guard that say whom a host needs; the others say how much. */
const PROTECTIVE: ReadonlySet<string> = new Set([
  ...["this-host", "default-gateway", "dns-resolver", "dhcp-server"],
  ...["live-session", "the-cloud", "allowed-here", "released-here"],
  "allowed-by-policy",
  ...["private-range", "public-resolver", "cdn-edge", "tenant-cloud"],
]);

/** Of each agent apart: one that holds everything displaces its own only. */
const MOST_OF_AN_AGENT = 1_000;
