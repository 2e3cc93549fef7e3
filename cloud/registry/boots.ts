import type { Clock } from "../../agent/clock.js";
import type { Logger } from "../../agent/log/logger.js";
import { TokenBucket } from "../gateway/token-bucket.js";
import type { Database, Statement } from "../journal/database.js";
import type { CloneSeen, Event } from "../journal/events.js";
import type { Projection } from "../journal/view.js";

/** Starts of agents, and keys that more than one process answers with. */
export const bootTables: Projection = {
  tables: `
    CREATE TABLE boots (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      boot TEXT NOT NULL, version TEXT NOT NULL, address TEXT NOT NULL
    ) STRICT;
    CREATE INDEX boots_by_agent ON boots (agent, seq);
    CREATE TABLE clones (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      clone TEXT NOT NULL
    ) STRICT;
    CREATE INDEX clones_by_agent ON clones (agent)`,

  fold(database) {
    const add = database.prepare("INSERT INTO boots VALUES (?, ?, ?, ?, ?, ?)");
    const forgetOld = database.prepare(`
      DELETE FROM boots WHERE agent = ? AND seq <= (
        SELECT seq FROM boots WHERE agent = ?
        ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_BOOTS})`);
    const addClone = database.prepare("INSERT INTO clones VALUES (?, ?, ?, ?)");
    const clear = database.prepare("DELETE FROM clones WHERE agent = ?");
    return ({ seq, at, event }) => {
      if (event.kind === "boot-seen") {
        const { agent, boot, version, address } = event;
        add.run(seq, at, agent, boot, version, address);
        forgetOld.run(agent, agent);
      } else if (event.kind === "clone-seen") {
        const { agent, first, second } = event;
        const clone = { at, agent, first, second };
        addClone.run(seq, at, agent, JSON.stringify(clone));
      } else if (event.kind === "clones-cleared") {
        clear.run(event.agent);
      }
    };
  },
};

/** One start of an agent, as the cloud saw it come. */
export interface Boot {
  readonly boot: string;
  readonly version: string;
  readonly address: string;
  /** Milliseconds since 1970, when it came first. */
  readonly at: number;
}

/** Two processes that live at the same time hold one device key. */
export interface Clone {
  readonly at: number;
  readonly agent: string;
  /** The start that came back after the other had come. */
  readonly first: Boot;
  readonly second: Boot;
}

export interface BootPorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes an event down, soon. */
  note(event: Event): void;
}

/**
 * Tells a copied key by its holders' starts: a process that was followed by
 * another is dead, so that one which comes back afterwards never ended.
 */
export class Boots {
  readonly #ports: BootPorts;
  readonly #boots: Statement<Boot>;
  readonly #clones: Statement<{ clone: string }>;
  readonly #allClones: Statement<{ clone: string }>;
  /** By agent, the one that came last at the end. */
  readonly #known = new Map<string, readonly Boot[]>();
  /** By agent: pairs that were told. */
  readonly #told = new Map<string, Set<string>>();
  readonly #budgets = new Map<string, TokenBucket>();

  constructor(database: Database, ports: BootPorts) {
    this.#ports = ports;
    this.#boots = database.prepare(
      "SELECT boot, version, address, at FROM boots WHERE agent = ? ORDER BY seq",
    );
    this.#clones = database.prepare(
      "SELECT clone FROM clones WHERE agent = ? ORDER BY seq",
    );
    this.#allClones = database.prepare("SELECT clone FROM clones ORDER BY seq");
  }

  /** Pairs that no operator has cleared, the oldest first. */
  clones(): readonly Clone[] {
    return this.#allClones.all().map(cloneOf);
  }

  /** An agent has said hello, from a process that drew this boot. */
  greeted(agent: string, seen: Omit<Boot, "at">): void {
    const known = this.#known.get(agent) ?? this.#boots.all(agent);
    const latest = known.at(-1);
    if (latest?.boot === seen.boot) return;
    const earlier = known.find(({ boot }) => boot === seen.boot);
    if (!this.#affords(agent)) return;
    const at = earlier?.at ?? this.#ports.clock.now();
    const others = known.filter((each) => each !== earlier);
    const now = [...others, { ...seen, at }];
    this.#known.set(agent, now.slice(-MOST_BOOTS));
    if (earlier === undefined) {
      this.#ports.note({ kind: "boot-seen", agent, ...seen });
    } else if (latest !== undefined) {
      this.#tell({ agent, first: { ...seen, at }, second: latest });
    }
  }

  /** The operator has dealt with it; a pair that flips on is told again. */
  forget(agent: string): void {
    this.#told.set(agent, new Set());
  }

  #tell(clone: Omit<CloneSeen, "kind">): void {
    const { agent, first, second } = clone;
    const told = this.#toldOf(agent);
    const pair = pairOf(clone);
    if (told.has(pair) || told.size >= MOST_PAIRS) return;
    told.add(pair);
    const facts = { agent, first: first.boot, second: second.boot };
    const addresses = [first.address, second.address];
    const what = "two live processes hold one device key";
    this.#ports.log.error(what, { ...facts, addresses });
    this.#ports.note({ kind: "clone-seen", ...clone });
  }

  #toldOf(agent: string): Set<string> {
    const known = this.#told.get(agent);
    if (known !== undefined) return known;
    const told = new Set(this.#clones.all(agent).map(cloneOf).map(pairOf));
    this.#told.set(agent, told);
    return told;
  }

  #affords(agent: string): boolean {
    const known = this.#budgets.get(agent);
    const budget = known ?? new TokenBucket(BUDGET, this.#ports.clock);
    this.#budgets.set(agent, budget);
    return budget.take();
  }
}

const cloneOf = ({ clone }: { readonly clone: string }): Clone =>
  JSON.parse(clone) as Clone;

const pairOf = ({ first, second }: Pick<Clone, "first" | "second">): string =>
  [first.boot, second.boot].sort().join(" ");

/** Starts of one agent that are remembered. */
const MOST_BOOTS = 16;

/** Pairs of one agent that are told until an operator clears them. */
const MOST_PAIRS = 16;

/** What one agent's starts may add to the journal. */
const BUDGET = { perSecond: 1 / 60, burst: 60 };
