import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../agent/runtime/clock.js";
import type { FeedTip } from "../feeds/feed-index.js";
import type { GroupPolicy } from "../journal/policy-events.js";
import type { Stand } from "../receipts/receipts.js";
import type { Agent } from "../registry/registry.js";
import type { HostFigures } from "../telemetry/host-figures.js";
import type { Wellness } from "../telemetry/wellness.js";
import { RosterRows, type RosterRow } from "./roster-row.js";

export interface RosterPorts {
  readonly clock: Pick<Clock, "monotonic">;
  /** Grows with all that rows are made of. */
  readonly level: () => number;
  /** Those behind an id, by id; at most so many. */
  readonly agentsAfter: (id: string, most: number) => readonly Agent[];
  /** Of the agents behind one id, up to another. */
  readonly standsBetween: ByAgent<readonly Stand[]>;
  readonly wellnessBetween: ByAgent<Wellness>;
  readonly figuresBetween: ByAgent<HostFigures>;
  readonly clones: () => ReadonlyMap<string, number>;
  /** The groups of hosts that an org's policy names. */
  readonly groups: (org: string) => readonly GroupPolicy[];
  readonly tips: () => readonly FeedTip[];
}

type ByAgent<T> = (after: string, through: string) => ReadonlyMap<string, T>;

/**
 * All hosts that are listed, in memory: what lists are asked and sorted by. A small
 * fleet is read anew whenever something changed. A large one takes a while, in turns
 * with all else: it is some seconds old at most, and read anew while it is asked.
 */
export class Roster {
  readonly #ports: RosterPorts;
  #known: Known | undefined;
  #reading: Promise<Known> | undefined;

  constructor(ports: RosterPorts) {
    this.#ports = ports;
  }

  /** By id. */
  async rows(): Promise<readonly RosterRow[]> {
    const known = this.#known;
    if (known === undefined) return (await this.#read()).rows;
    const { clock, level } = this.#ports;
    if (known.level === level()) return known.rows;
    const age = clock.monotonic() - known.began;
    if (known.took < SMALL_MS || age > known.took + OLDEST_MS) {
      return (await this.#read()).rows;
    }
    if (age > known.took * REST) void this.#read().catch(() => undefined);
    return known.rows;
  }

  /** What changes while it is read may be in it or not: it is read again then. */
  #read(): Promise<Known> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<Known> {
    const { clock, clones, tips, groups, ...ports } = this.#ports;
    const began = clock.monotonic();
    const level = ports.level();
    const around = {
      clones: clones(),
      tips: new Map(tips().map((tip) => [tip.feed, tip])),
      groups: oncePer(groups),
    };
    const made = new RosterRows();
    const rows: RosterRow[] = [];
    for (let after = ""; ;) {
      const agents = ports.agentsAfter(after, AGENTS_A_TURN);
      const through = agents.at(-1)?.id;
      if (through === undefined) break;
      const parts = {
        ...around,
        stands: ports.standsBetween(after, through),
        wellness: ports.wellnessBetween(after, through),
        figures: ports.figuresBetween(after, through),
      };
      for (const agent of agents) rows.push(made.rowOf(agent, parts));
      after = through;
      await nextTurn();
    }
    const took = clock.monotonic() - began;
    return (this.#known = { rows, level, began, took });
  }
}

interface Known {
  readonly rows: readonly RosterRow[];
  /** Of when it began to be read. */
  readonly level: number;
  readonly began: number;
  readonly took: number;
}

function oncePer<T>(of: (org: string) => T): (org: string) => T {
  const known = new Map<string, T>();
  return (org) => {
    const found = known.get(org) ?? of(org);
    known.set(org, found);
    return found;
  };
}

/** Some 5 ms. */
const AGENTS_A_TURN = 250;

/** What is read as fast as that is read whenever it is asked. */
const SMALL_MS = 50;

/** What took long to read is read again after so many times as long, at the earliest. */
const REST = 4;

/** Older than that, and what it took to read, nobody is told. */
const OLDEST_MS = 15_000;
