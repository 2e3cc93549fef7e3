import type { Database } from "../journal/database.js";
import type { RecordedDecision } from "../journal/decision-events.js";
import type {
  CredentialAdded,
  OperatorAdded,
  OperatorEvent,
  OperatorJoined,
} from "../journal/operator-events.js";
import type { DecisionProjection } from "../journal/view.js";

/** Operators and what they prove themselves with, as decisions tell of them. */
export const operatorTables: DecisionProjection = {
  tables: `
    CREATE TABLE operators (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, called TEXT NOT NULL,
      role TEXT NOT NULL, org TEXT, limits TEXT, collection TEXT, issuer TEXT,
      subject TEXT, added_at INTEGER NOT NULL, added_by TEXT NOT NULL,
      disabled_at INTEGER
    ) STRICT;
    CREATE INDEX operators_by_called ON operators (called);
    CREATE INDEX operators_by_subject ON operators (issuer, subject);
    CREATE TABLE credentials (
      id TEXT PRIMARY KEY, operator TEXT NOT NULL, kind TEXT NOT NULL,
      label TEXT NOT NULL, role TEXT, token_hash TEXT UNIQUE, passkey_id TEXT,
      passkey TEXT, added_at INTEGER NOT NULL, added_by TEXT NOT NULL,
      expires_at INTEGER, revoked_at INTEGER, revoked_by TEXT, revoked_why TEXT
    ) STRICT;
    CREATE INDEX credentials_by_operator ON credentials (operator);
    CREATE INDEX credentials_by_passkey ON credentials (passkey_id)`,

  fold(database) {
    const people = peopleFold(database);
    const credentials = credentialFold(database);
    return ({ at, event }) => {
      for (const each of asOfNow(event)) {
        people(each, at);
        credentials(each, at);
      }
    };
  },
};

/** What two names must differ in, beyond case and look. */
export const calledOf = (name: string): string =>
  name.normalize("NFKC").toLowerCase();

type Event = RecordedDecision["event"];

/** Before 0.5.0 who was an operator and their token were one event. */
function asOfNow(event: Event): readonly Event[] {
  return event.kind === "operator-added" ? firstAdmin(event) : [event];
}

function firstAdmin({
  name,
  tokenHash,
}: OperatorAdded): [OperatorJoined, CredentialAdded] {
  const digits = tokenHash.slice(0, 16);
  const operator = `opr-${digits}`;
  const by = "init";
  return [
    { kind: "operator-joined", operator, name, role: "admin", org: null, by },
    {
      ...{ kind: "credential-added", operator, credential: `tok-${digits}` },
      ...{ of: "token", label: "the first", tokenHash, expiresAt: null, by },
    },
  ];
}

function peopleFold(database: Database) {
  const join = database.prepare(
    `INSERT INTO operators VALUES
       (@operator, @name, @called, @role, @org, @limits, @collection, @issuer,
        @subject, @at, @by, NULL)`,
  );
  const change = database.prepare(
    `UPDATE operators SET
       role = coalesce(@role, role),
       org = iif(@moves, @org, org),
       limits = coalesce(@limits, limits),
       collection = coalesce(@collection, collection),
       issuer = coalesce(@issuer, issuer),
       subject = coalesce(@subject, subject),
       disabled_at = CASE @disabled
         WHEN 1 THEN coalesce(disabled_at, @at) WHEN 0 THEN NULL
         ELSE disabled_at END
     WHERE id = @operator`,
  );
  return (event: Event, at: number): void => {
    if (event.kind === "operator-joined") {
      const { operator, name, by } = event;
      const called = calledOf(name);
      join.run({ ...grantOf(event), operator, name, called, at, by });
    } else if (event.kind === "operator-changed") {
      const { operator, org, disabled } = event;
      const moves = org === undefined ? 0 : 1;
      const off = disabled === undefined ? null : Number(disabled);
      change.run({ ...grantOf(event), operator, moves, disabled: off, at });
    }
  };
}

/** What an operator may do, as columns; null for what is not said. */
function grantOf(event: OperatorEvent & { kind: `operator-${JoinOrChange}` }) {
  const { role, org, limits, collection, subject } = event;
  return {
    ...{ role: role ?? null, org: org ?? null, collection: collection ?? null },
    limits: limits === undefined ? null : JSON.stringify(limits),
    ...{ issuer: subject?.issuer ?? null, subject: subject?.subject ?? null },
  };
}

type JoinOrChange = "joined" | "changed";

function credentialFold(database: Database) {
  const add = database.prepare(
    `INSERT INTO credentials VALUES
       (@credential, @operator, @of, @label, @role, @tokenHash, @passkeyId,
        @passkey, @at, @by, @expiresAt, NULL, NULL, NULL)`,
  );
  const revoke = database.prepare(
    `UPDATE credentials SET revoked_at = @at, revoked_by = @by,
       revoked_why = @reason
     WHERE id = @credential AND revoked_at IS NULL`,
  );
  return (event: Event, at: number): void => {
    if (event.kind === "credential-added") {
      const { kind: _, tokenHash, role, passkey, ...rest } = event;
      add.run({
        ...{ ...rest, at, role: role ?? null, tokenHash: tokenHash ?? null },
        passkeyId: passkey?.id ?? null,
        passkey: passkey === undefined ? null : JSON.stringify(passkey),
      });
    } else if (event.kind === "credential-revoked") {
      const { credential, by, reason = null } = event;
      revoke.run({ credential, by, reason, at });
    }
  };
}
