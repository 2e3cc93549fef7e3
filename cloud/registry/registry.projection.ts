import type { Database } from "../journal/database.js";
import type { RecordedDecision } from "../journal/decision-events.js";
import type { DecisionProjection } from "../journal/view.js";
import { protocolReadBy } from "./protocol-read.js";

/** Orgs, enrolment tokens and agents, as decisions tell of them. */
export const registryTables: DecisionProjection = {
  tables: `
    CREATE TABLE orgs (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
      hash TEXT PRIMARY KEY, org TEXT NOT NULL, expires_at INTEGER NOT NULL,
      root INTEGER NOT NULL, used_by TEXT
    ) STRICT;
    CREATE TABLE agents (
      id TEXT PRIMARY KEY, org TEXT NOT NULL, public_key TEXT NOT NULL,
      hostname TEXT NOT NULL, system TEXT NOT NULL, version TEXT NOT NULL,
      enrolled_at INTEGER NOT NULL, revoked_at INTEGER,
      revoked_why TEXT, forgotten_at INTEGER, protocol INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX agents_by_org ON agents (org)`,

  fold(database) {
    const addOrg = database.prepare("INSERT INTO orgs VALUES (?, ?, ?)");
    const addToken = database.prepare(
      "INSERT INTO tokens VALUES (?, ?, ?, ?, NULL)",
    );
    const useToken = database.prepare(
      "UPDATE tokens SET used_by = ? WHERE hash = ?",
    );
    const addAgent = database.prepare(
      "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?)",
    );
    const rekey = database.prepare(
      "UPDATE agents SET public_key = ? WHERE id = ?",
    );
    const part = departureFold(database);
    return ({ at, event }) => {
      if (event.kind === "org-added") {
        addOrg.run(event.org, event.name, at);
      } else if (event.kind === "token-made") {
        const { tokenHash, org, expiresAt, root = 1 } = event;
        addToken.run(tokenHash, org, expiresAt, root);
      } else if (event.kind === "agent-enrolled") {
        const { agent, org, publicKey, hostname, system, version } = event;
        useToken.run(agent, event.tokenHash);
        const host = [publicKey, hostname, system, version];
        addAgent.run(agent, org, ...host, at, protocolReadBy(version));
      } else if (event.kind === "agent-rekeyed") {
        rekey.run(event.publicKey, event.agent);
      } else {
        part(event, at);
      }
    };
  },
};

/** Agents that are trusted, or listed, no more. */
function departureFold(database: Database) {
  const revoke = database.prepare(
    "UPDATE agents SET revoked_at = ?, revoked_why = ? WHERE id = ?",
  );
  const forget = database.prepare(
    "UPDATE agents SET forgotten_at = ? WHERE id = ?",
  );
  return (event: RecordedDecision["event"], at: number): void => {
    if (event.kind === "agent-revoked") {
      revoke.run(at, event.reason ?? null, event.agent);
    } else if (event.kind === "agent-forgotten") {
      forget.run(at, event.agent);
    }
  };
}
