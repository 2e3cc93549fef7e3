import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Turns } from "../rate/turns.js";
import type { Agent } from "../registry/registry.js";
import type { Newest, Refusal } from "./hearing.js";
import type { HeldByPolicy } from "./held-by-policy.js";

/** What is the same for all decisions that are looked at together. */
export interface Round {
  readonly lookups: Lookups;
  /** Hosts whose kernel does not hold their bans, by their health's words. */
  readonly notEnforcing: ReadonlyMap<string, string>;
  readonly byPolicy: Pick<HeldByPolicy, "of">;
  /** Of all that are asked after, those that were sent away included. */
  readonly ids: ReadonlySet<string>;
  /** Who follows a feed, by the groups that hosts are in now. */
  readonly followersOf: (feed: FeedName) => Followers;
  /** Aborted once nobody waits for what is found any more. */
  readonly gone?: AbortSignal | undefined;
}

/** Hosts that follow a feed, by when they came, then by id. */
export interface Followers {
  readonly listed: readonly Agent[];
  readonly sentAway: readonly Agent[];
}

/**
 * What is looked up of a host when it is first asked for, and follows what it says
 * from then on.
 */
export interface Lookups {
  /** The newest observation that it is level with. */
  seen: number;
  /** By feed and epoch: where each agent's receipts end; null: it has none. */
  readonly newest: Map<string, Map<string, Newest | null>>;
  /** The newest observation by which each device stated something; 0: none. */
  readonly stated: Map<string, number>;
  /** By feed: each agent's newest refusal; null: it refused nothing. */
  readonly refused: Map<FeedName, Map<string, Refusal | null>>;
}

export interface RoundPorts {
  readonly clock: Pick<Clock, "monotonic">;
  /** Grows with all that tells of hosts. */
  readonly level: () => number;
  /** The newest observation of what hosts answer. */
  readonly heardUpTo: () => number;
  /** Whether an agent follows a feed, by the groups that it is in now. */
  readonly follows: (agent: Agent, feed: FeedName) => boolean;
  /** Those behind an id, by id; at most so many. */
  readonly agentsAfter: (id: string, most: number) => readonly Agent[];
  readonly notEnforcing: () => ReadonlyMap<string, string>;
  /** What hosts hold by their orgs' policies, as one look at these finds it. */
  readonly heldByPolicy: () => Pick<HeldByPolicy, "of">;
}

/**
 * Looks up who is there. Of a small fleet that is done anew whenever something
 * changed; of a large one it takes seconds, in turns with all else, and is good for
 * a while.
 */
export class Rounds {
  readonly #ports: RoundPorts;
  #known: Known | undefined;
  #reading: Promise<Known> | undefined;

  constructor(ports: RoundPorts) {
    this.#ports = ports;
  }

  /**
   * @param org its hosts alone; null: those of all
   * @param gone aborted once nobody waits for it any more
   */
  async of(org: string | null, gone?: AbortSignal): Promise<Round> {
    const known = this.#kept() ?? (await this.#read());
    const { notEnforcing, heldByPolicy } = this.#ports;
    const asked =
      org === null
        ? known.all
        : this.#asked(known.agents.filter((agent) => agent.org === org));
    return {
      ...{ ...asked, lookups: known.lookups, gone },
      // What policies come to changes by the clock alone, too.
      ...{ notEnforcing: notEnforcing(), byPolicy: heldByPolicy() },
    };
  }

  /** What was read before, as long as it is good. */
  #kept(): Known | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    const { clock, level } = this.#ports;
    const { length } = known.agents;
    const lasts = length > FEW ? length * GOOD_FOR_MS_A_HOST : 0;
    const isSame = known.level === level();
    return isSame || clock.monotonic() - known.began < lasts
      ? known
      : undefined;
  }

  #asked(agents: readonly Agent[]): Pick<Round, "ids" | "followersOf"> {
    const { follows } = this.#ports;
    const known = new Map<FeedName, Followers>();
    const followersOf = (feed: FeedName): Followers => {
      const found = known.get(feed) ?? partedBy(agents, feed, follows);
      known.set(feed, found);
      return found;
    };
    return { ids: new Set(agents.map(({ id }) => id)), followersOf };
  }

  /** For all who ask meanwhile: it goes on when one of them has gone. */
  #read(): Promise<Known> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<Known> {
    const { clock, level, heardUpTo } = this.#ports;
    const began = { level: level(), began: clock.monotonic() };
    const lookups = {
      ...{ seen: heardUpTo(), newest: new Map(), stated: new Map() },
      refused: new Map(),
    };
    const agents = await this.#agents();
    const all = this.#asked(agents);
    return (this.#known = { ...began, lookups, agents, all });
  }

  /** By when they came, then by id. */
  async #agents(): Promise<readonly Agent[]> {
    const turns = new Turns(this.#ports.clock);
    const agents: Agent[] = [];
    for (let after = ""; ;) {
      const page = this.#ports.agentsAfter(after, AGENTS_A_TURN);
      const last = page.at(-1);
      if (last === undefined) break;
      agents.push(...page);
      after = last.id;
      await turns.next();
    }
    return agents.sort(
      (a, b) => a.enrolledAt - b.enrolledAt || (a.id < b.id ? -1 : 1),
    );
  }
}

interface Known {
  /** Of when it began to be read. */
  readonly level: number;
  readonly began: number;
  readonly lookups: Lookups;
  readonly agents: readonly Agent[];
  readonly all: Pick<Round, "ids" | "followersOf">;
}

function partedBy(
  agents: readonly Agent[],
  feed: FeedName,
  follows: RoundPorts["follows"],
): Followers {
  const found = agents.filter((agent) => follows(agent, feed));
  return {
    listed: found.filter(({ revokedAt }) => revokedAt === null),
    sentAway: found.filter(({ revokedAt }) => revokedAt !== null),
  };
}

/** Hosts that are looked up in some 50 ms. */
const FEW = 1_000;

/** Longer than it takes to look them up: 30 s for 100,000. */
const GOOD_FOR_MS_A_HOST = 0.3;

/** Some 5 ms. */
const AGENTS_A_TURN = 250;
