import { hashOf, sameHash } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";

export interface Org {
  readonly id: string;
  readonly name: string;
}

export interface Operator {
  readonly name: string;
}

export interface Token {
  readonly hash: string;
  readonly org: string;
  readonly expiresAt: number;
  /** Version of the root that it pins. */
  readonly root: number;
  readonly usedBy: string | null;
}

export interface Agent {
  readonly id: string;
  readonly org: string;
  /** The device's raw Ed25519 key, in base64url. */
  readonly publicKey: string;
  readonly hostname: string;
  readonly system: string;
  readonly version: string;
  /** The newest version of the protocol that it reads, as far as is known. */
  readonly protocol: 1 | 2;
  readonly enrolledAt: number;
  readonly lastSeen: number | null;
  readonly revokedAt: number | null;
  /** What the operator said why. */
  readonly revokedWhy: string | null;
}

/** Who is who: answers from the read model, changes nothing. */
export class Registry {
  readonly #orgs: Statement<Org>;
  readonly #org: Statement<Org>;
  readonly #operator: Statement<Operator & { tokenHash: string }>;
  readonly #token: Statement<Token>;
  readonly #agents: Statement<Agent>;
  readonly #agent: Statement<Agent>;
  readonly #agentsOn: Statement<Agent>;
  readonly #readersOfV1Only: Statement<Agent>;

  constructor(database: Database) {
    this.#orgs = database.prepare("SELECT id, name FROM orgs ORDER BY id");
    this.#org = database.prepare("SELECT id, name FROM orgs WHERE id = ?");
    this.#operator = database.prepare(
      "SELECT name, token_hash AS tokenHash FROM operators WHERE token_hash = ?",
    );
    this.#token = database.prepare(
      "SELECT hash, org, expires_at AS expiresAt, root, used_by AS usedBy FROM tokens WHERE hash = ?",
    );
    this.#agents = database.prepare(
      `${AGENTS} WHERE forgotten_at IS NULL ORDER BY enrolled_at, id`,
    );
    this.#agent = database.prepare(`${AGENTS} WHERE id = ?`);
    this.#agentsOn = database.prepare(
      `${AGENTS} WHERE hostname = ? AND forgotten_at IS NULL ORDER BY enrolled_at, id`,
    );
    this.#readersOfV1Only = database.prepare(
      `${AGENTS} WHERE protocol = 1 AND (@org IS NULL OR org = @org)
         AND forgotten_at IS NULL AND revoked_at IS NULL
       ORDER BY enrolled_at, id`,
    );
  }

  /**
   * Agents that could not read what only version 2 of the protocol has, and are
   * still listed and trusted: of one org, or of all.
   */
  readersOfV1Only(org?: string): readonly Agent[] {
    return this.#readersOfV1Only.all({ org: org ?? null });
  }

  orgs(): readonly Org[] {
    return this.#orgs.all();
  }

  org(id: string): Org | undefined {
    return this.#org.get(id);
  }

  /** Those that were forgotten are left out; `agent` still knows them. */
  agents(): readonly Agent[] {
    return this.#agents.all();
  }

  agent(id: string): Agent | undefined {
    return this.#agent.get(id);
  }

  /** The agents on hosts of this name. */
  agentsOn(hostname: string): readonly Agent[] {
    return this.#agentsOn.all(hostname);
  }

  /** The operator whose bearer token this is. */
  operator(bearer: string): Operator | undefined {
    const hash = hashOf(bearer);
    const found = this.#operator.get(hash);
    return found && sameHash(found.tokenHash, hash) ? found : undefined;
  }

  /** The enrolment token with this secret, used or not. */
  token(secret: string): Token | undefined {
    const hash = hashOf(secret);
    const found = this.#token.get(hash);
    return found && sameHash(found.hash, hash) ? found : undefined;
  }
}

const AGENTS = `
  SELECT id, org, public_key AS publicKey, hostname, system, version,
    protocol, enrolled_at AS enrolledAt, last_seen AS lastSeen, revoked_at AS revokedAt,
    revoked_why AS revokedWhy
  FROM agents`;
