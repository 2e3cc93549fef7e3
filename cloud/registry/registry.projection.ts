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
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
      org TEXT NOT NULL, label TEXT NOT NULL, made_at INTEGER NOT NULL,
      made_by TEXT NOT NULL, expires_at INTEGER NOT NULL,
      root INTEGER NOT NULL, mode TEXT, uses INTEGER NOT NULL,
      tags TEXT NOT NULL, networks TEXT NOT NULL,
      used INTEGER NOT NULL, used_by TEXT, used_at INTEGER,
      revoked_at INTEGER, revoked_by TEXT
    ) STRICT;
    CREATE INDEX tokens_by_id ON tokens (id);
    CREATE TABLE agents (
      id TEXT PRIMARY KEY, org TEXT NOT NULL, public_key TEXT NOT NULL,
      hostname TEXT NOT NULL, system TEXT NOT NULL, version TEXT NOT NULL,
      enrolled_at INTEGER NOT NULL, revoked_at INTEGER,
      revoked_why TEXT, forgotten_at INTEGER, protocol INTEGER NOT NULL,
      tags TEXT NOT NULL, token_hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX agents_by_org ON agents (org);
    CREATE INDEX agents_by_key ON agents (public_key)`,

  fold(database) {
    const addOrg = database.prepare("INSERT INTO orgs VALUES (?, ?, ?)");
    const tokens = tokenFold(database);
    const addAgent = database.prepare(
      "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, '[]', ?)",
    );
    const rekey = database.prepare(
      "UPDATE agents SET public_key = ? WHERE id = ?",
    );
    const tag = database.prepare("UPDATE agents SET tags = ? WHERE id = ?");
    const part = departureFold(database);
    return ({ seq, at, event }) => {
      tokens({ seq, at, event });
      if (event.kind === "org-added") {
        addOrg.run(event.org, event.name, at);
      } else if (event.kind === "agent-enrolled") {
        const { agent, org, publicKey, hostname, system, version } = event;
        const host = [publicKey, hostname, system, version];
        const protocol = protocolReadBy(version);
        addAgent.run(agent, org, ...host, at, protocol, event.tokenHash);
      } else if (event.kind === "agent-rekeyed") {
        rekey.run(event.publicKey, event.agent);
      } else if (event.kind === "agent-tagged") {
        tag.run(JSON.stringify(event.tags), event.agent);
      } else {
        part(event, at);
      }
    };
  },
};

/** An enrolment token's name, which gives nothing away. */
export const tokenIdOf = (tokenHash: string): string =>
  `enr-${tokenHash.slice(0, 16)}`;

function tokenFold(database: Database) {
  const add = database.prepare(
    `INSERT INTO tokens VALUES
       (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL, NULL, NULL)`,
  );
  const use = database.prepare(
    `UPDATE tokens SET used = used + 1, used_by = ?, used_at = ?
     WHERE hash = ?`,
  );
  const revoke = database.prepare(
    `UPDATE tokens SET revoked_at = ?, revoked_by = ?
     WHERE hash = ? AND revoked_at IS NULL`,
  );
  return ({ seq, at, event }: RecordedDecision): void => {
    if (event.kind === "token-made") {
      const { tokenHash, org, expiresAt, by } = event;
      const { root = 1, label = "", mode = null, uses = 1 } = event;
      const lists = [event.tags ?? [], event.networks ?? []];
      const id = tokenIdOf(tokenHash);
      const made = [seq, id, tokenHash, org, label, at, by, expiresAt];
      const texts = lists.map((list) => JSON.stringify(list));
      add.run(...made, root, mode, uses, ...texts);
    } else if (event.kind === "agent-enrolled") {
      use.run(event.agent, at, event.tokenHash);
    } else if (event.kind === "token-revoked") {
      revoke.run(at, event.by, event.tokenHash);
    }
  };
}

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
