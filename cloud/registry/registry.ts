import type { Mode } from "../../agent/model/mode.js";
import { hashOf, sameHash } from "../ids.js";
import type { Statement } from "../journal/database.js";
import type { Views } from "../journal/view.js";

export interface Org {
  readonly id: string;
  readonly name: string;
}

/** An enrolment token, used or not. Times in ms since 1970. */
export interface Token {
  /** Of its making: where it stands among the others. */
  readonly seq: number;
  /** "enr-…". */
  readonly id: string;
  readonly hash: string;
  readonly org: string;
  readonly label: string;
  readonly madeAt: number;
  readonly madeBy: string;
  readonly expiresAt: number;
  /** Version of the root that it pins. */
  readonly root: number;
  /** What it proposes that the host begins with; null: nothing. */
  readonly mode: Mode | null;
  /** How many hosts may come in by it in all, and how many did. */
  readonly uses: number;
  readonly used: number;
  /** What hosts that come in by it are called by beside their names. */
  readonly tags: readonly string[];
  /** Where they must come from, as CIDR ranges; none: anywhere. */
  readonly networks: readonly string[];
  /** The last that came in by it, and when. */
  readonly usedBy: string | null;
  readonly usedAt: number | null;
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
}

/** Which enrolment tokens are asked for; null: any. */
export interface TokensAsked {
  readonly org: string | null;
  /** Those that a host may still come in by. */
  readonly open: boolean;
  readonly now: number;
  /** Only those made before this one; null: from the newest on. */
  readonly before: number | null;
  readonly limit: number;
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
  /** When it said that its host goes; null: it did not, or came again since. */
  readonly leftAt: number | null;
  readonly revokedAt: number | null;
  /** What the operator said why. */
  readonly revokedWhy: string | null;
  /** What the host is called by beside its name, in alphabetical order. */
  readonly tags: readonly string[];
}

/** Who is who: answers from the read models, changes nothing. */
export class Registry {
  readonly #orgs: Statement<Org>;
  readonly #org: Statement<Org>;
  readonly #token: Statement<TokenRow>;
  readonly #tokenById: Statement<TokenRow>;
  readonly #tokens: Statement<TokenRow>;
  readonly #agent: Statement<Enrolled>;
  readonly #agentsAfter: Statement<Enrolled>;
  readonly #agentsBehind: Statement<Enrolled>;
  readonly #orgOf: Statement<string>;
  readonly #agentsOn: Statement<Enrolled>;
  readonly #trusted: Statement<Enrolled>;
  readonly #some: Statement<number>;
  readonly #idsOf: Statement<string>;
  readonly #cameBy: Statement<Enrolled>;
  readonly #presence: Statement<Presence>;
  readonly #present: Statement<Presence & { readonly id: string }>;
  readonly #presentBetween: Statement<Presence & { readonly id: string }>;

  /** @param views who was let in, and who was heard since */
  constructor({ decided, observed }: Views) {
    this.#orgs = decided.prepare("SELECT id, name FROM orgs ORDER BY id");
    this.#org = decided.prepare("SELECT id, name FROM orgs WHERE id = ?");
    this.#token = decided.prepare(`${TOKENS} WHERE hash = ?`);
    this.#tokenById = decided.prepare(`${TOKENS} WHERE id = ?`);
    this.#tokens = decided.prepare(
      `${TOKENS} WHERE (@org IS NULL OR org = @org)
         AND (@before IS NULL OR seq < @before)
         AND (@open = 0 OR (used < uses AND revoked_at IS NULL
           AND expires_at > @now))
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#agent = decided.prepare(`${AGENTS} WHERE id = ?`);
    this.#agentsAfter = decided.prepare(
      `${AGENTS} WHERE id > ? AND forgotten_at IS NULL ORDER BY id LIMIT ?`,
    );
    this.#agentsBehind = decided.prepare(AGENTS_BEHIND);
    this.#orgOf = decided
      .prepare<unknown[], string>("SELECT org FROM agents WHERE id = ?")
      .pluck();
    this.#agentsOn = decided.prepare(
      `${AGENTS} WHERE hostname = ? AND forgotten_at IS NULL ORDER BY enrolled_at, id`,
    );
    this.#trusted = decided.prepare(
      `${AGENTS} WHERE (@org IS NULL OR org = @org)
         AND forgotten_at IS NULL AND revoked_at IS NULL
       ORDER BY enrolled_at, id`,
    );
    this.#some = decided
      .prepare<unknown[], number>(
        `SELECT count(*) FROM (SELECT 1 FROM agents
         WHERE org = ? AND forgotten_at IS NULL AND revoked_at IS NULL
         LIMIT ?)`,
      )
      .pluck();
    this.#idsOf = decided
      .prepare<unknown[], string>(
        `SELECT id FROM agents
         WHERE org = ? AND forgotten_at IS NULL AND revoked_at IS NULL
         ORDER BY hostname, id`,
      )
      .pluck();
    this.#cameBy = decided.prepare(CAME_BY);
    this.#presence = observed.prepare(`${PRESENCE} WHERE agent = ?`);
    this.#present = observed.prepare(PRESENCE);
    this.#presentBetween = observed.prepare(
      `${PRESENCE} WHERE agent > ? AND agent <= ?`,
    );
  }

  /**
   * Agents that could not read what only version 2 of the protocol has, and are
   * still listed and trusted: of one org, or of all.
   */
  readersOfV1Only(org?: string): readonly Agent[] {
    return this.trusted(org).filter(({ protocol }) => protocol === 1);
  }

  /** Those of one org that are listed and trusted, or of all. */
  trusted(org?: string): readonly Agent[] {
    return this.#all(this.#trusted.all({ org: org ?? null }));
  }

  /** How many of an org are listed and trusted; stops to count at `most`. */
  countOf(org: string, most: number): number {
    return this.#some.get(org, most) ?? 0;
  }

  /** Ids of an org's agents that are listed and trusted, by their hosts' names. */
  idsOf(org: string): readonly string[] {
    return this.#idsOf.all(org);
  }

  orgs(): readonly Org[] {
    return this.#orgs.all();
  }

  org(id: string): Org | undefined {
    return this.#org.get(id);
  }

  /** Those that were forgotten are left out; `agent` still knows them. */
  agents(): readonly Agent[] {
    return this.#all(this.#agentsBehind.all(ALL));
  }

  /** As of `agents`, but by id: those behind one, at most so many. */
  agentsAfter(id: string, most: number): readonly Agent[] {
    const enrolled = this.#agentsAfter.all(id, most);
    const through = enrolled.at(-1)?.id ?? id;
    return withPresence(enrolled, this.#presentBetween.all(id, through));
  }

  /** As of `agents`: those behind a place in that order, at most so many. */
  agentsBehind(asked: AgentsBehind): readonly Agent[] {
    return this.#agentsBehind
      .all({ ...asked, org: asked.org ?? null })
      .map((each) => agentOf(each, this.#presence.get(each.id)));
  }

  agent(id: string): Agent | undefined {
    const enrolled = this.#agent.get(id);
    return enrolled && agentOf(enrolled, this.#presence.get(id));
  }

  /** As of `agent`, where nothing else of it is asked. */
  orgOf(agent: string): string | undefined {
    return this.#orgOf.get(agent);
  }

  /** The agents on hosts of this name. */
  agentsOn(hostname: string): readonly Agent[] {
    return this.#agentsOn
      .all(hostname)
      .map((each) => agentOf(each, this.#presence.get(each.id)));
  }

  /** The enrolment token with this secret, used or not. */
  token(secret: string): Token | undefined {
    const hash = hashOf(secret);
    const found = this.#token.get(hash);
    return found && sameHash(found.hash, hash) ? tokenOf(found) : undefined;
  }

  /** The agent that came in by this token, with this key, later than that. */
  cameBy(
    { hash }: Pick<Token, "hash">,
    publicKey: string,
    afterMs: number,
  ): string | undefined {
    return this.#cameBy.get(publicKey, hash, afterMs)?.id;
  }

  /** By what lists call it. */
  tokenCalled(id: string): Token | undefined {
    const found = this.#tokenById.get(id);
    return found && tokenOf(found);
  }

  /** The newest first. */
  tokens({ open, ...asked }: TokensAsked): readonly Token[] {
    return this.#tokens.all({ ...asked, open: Number(open) }).map(tokenOf);
  }

  #all(enrolled: readonly Enrolled[]): readonly Agent[] {
    return withPresence(enrolled, this.#present.all());
  }
}

export interface AgentsBehind {
  /** Of it alone; undefined: of all. */
  readonly org: string | undefined;
  /** Milliseconds since 1970. */
  readonly enrolledAt: number;
  readonly id: string;
  readonly most: number;
}

/** From the first one on; SQLite takes -1 for no limit. */
const ALL = { org: null, enrolledAt: -1, id: "", most: -1 };

function withPresence(
  enrolled: readonly Enrolled[],
  seen: readonly (Presence & { readonly id: string })[],
): readonly Agent[] {
  const present = new Map(seen.map((each) => [each.id, each]));
  return enrolled.map((each) => agentOf(each, present.get(each.id)));
}

type TokenRow = Omit<Token, "tags" | "networks"> & {
  readonly tags: string;
  readonly networks: string;
};

const tokenOf = (row: TokenRow): Token => ({
  ...row,
  tags: JSON.parse(row.tags) as string[],
  networks: JSON.parse(row.networks) as string[],
});

type Enrolled = Omit<Agent, "lastSeen" | "leftAt" | "tags"> & {
  readonly tags: string;
};

/** What an agent came as is null until it has come. */
interface Presence {
  readonly lastSeen: number;
  readonly leftAt: number | null;
  readonly version: string | null;
  readonly protocol: 1 | 2 | null;
}

/** Written out: of a large fleet, copies of objects take longer than all else. */
const agentOf = (enrolled: Enrolled, seen: Presence | undefined): Agent => ({
  id: enrolled.id,
  org: enrolled.org,
  publicKey: enrolled.publicKey,
  hostname: enrolled.hostname,
  system: enrolled.system,
  version: seen?.version ?? enrolled.version,
  protocol: seen?.protocol ?? enrolled.protocol,
  enrolledAt: enrolled.enrolledAt,
  lastSeen: seen?.lastSeen ?? null,
  leftAt: seen?.leftAt ?? null,
  revokedAt: enrolled.revokedAt,
  revokedWhy: enrolled.revokedWhy,
  tags:
    enrolled.tags === "[]" ? NO_TAGS : (JSON.parse(enrolled.tags) as string[]),
});

const NO_TAGS: readonly string[] = [];

const AGENTS = `
  SELECT id, org, public_key AS publicKey, hostname, system, version,
    protocol, enrolled_at AS enrolledAt, revoked_at AS revokedAt,
    revoked_why AS revokedWhy, tags
  FROM agents`;

const AGENTS_BEHIND = `
  ${AGENTS} WHERE forgotten_at IS NULL AND (@org IS NULL OR org = @org)
    AND (enrolled_at, id) > (@enrolledAt, @id)
  ORDER BY enrolled_at, id LIMIT @most`;

const CAME_BY = `
  ${AGENTS} WHERE public_key = ? AND token_hash = ?
    AND forgotten_at IS NULL AND revoked_at IS NULL AND enrolled_at > ?
  ORDER BY enrolled_at DESC LIMIT 1`;

const TOKENS = `
  SELECT seq, id, hash, org, label, made_at AS madeAt, made_by AS madeBy,
    expires_at AS expiresAt, root, mode, uses, used, tags, networks,
    used_by AS usedBy, used_at AS usedAt, revoked_at AS revokedAt, revoked_by AS revokedBy
  FROM tokens`;

const PRESENCE = `
  SELECT agent AS id, last_seen AS lastSeen, version, protocol,
    left_at AS leftAt
  FROM presence`;
