import { setImmediate as nextTurn } from "node:timers/promises";
import type { FeedName } from "../../agent/model/position.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { feedsOf } from "../feeds/audience.js";
import type { FeedTip } from "../feeds/feed-index.js";
import type { GroupPolicy } from "../journal/policy-events.js";
import { groupsOf } from "../policies/selection.js";
import type { Stand } from "../receipts/receipts.js";
import type { Agent } from "../registry/registry.js";
import type { Wellness } from "../telemetry/wellness.js";
import { behindBy, hostMode } from "./host-mode.js";
import { stateOf, troublesOf } from "./host-state.js";
import { OrgCounts } from "./org-counts.js";

export interface FleetPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** Those behind an id, by id; at most so many. */
  readonly agentsAfter: (id: string, most: number) => readonly Agent[];
  /** Of the agents behind one id, up to another. */
  readonly standsBetween: ByAgent<readonly Stand[]>;
  readonly wellnessBetween: ByAgent<Wellness>;
  readonly clones: () => ReadonlyMap<string, number>;
  readonly overSince: (agent: string) => number | null;
  readonly isConnected: (agent: string) => boolean;
  /** The groups of hosts that an org's policy names. */
  readonly groups: (org: string) => readonly GroupPolicy[];
  readonly tips: () => readonly FeedTip[];
}

type ByAgent<T> = (after: string, through: string) => ReadonlyMap<string, T>;

/** How all hosts were when they were counted. */
export interface FleetCounts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly orgs: ReadonlyMap<string, OrgCounts>;
}

/**
 * Counts hosts by what they are and do. All are looked at in turns, and what was
 * counted is good for a second; for longer where it took long, so that it takes a
 * small part of a processor, whoever asks how often.
 */
export class Fleet {
  readonly #ports: FleetPorts;
  #counted:
    { readonly counts: FleetCounts; readonly until: number } | undefined;
  #counting: Promise<FleetCounts> | undefined;

  constructor(ports: FleetPorts) {
    this.#ports = ports;
  }

  counts(): Promise<FleetCounts> {
    const { clock } = this.#ports;
    const known = this.#counted;
    if (known !== undefined && clock.monotonic() < known.until) {
      return Promise.resolve(known.counts);
    }
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<FleetCounts> {
    const { clock, clones, tips, agentsAfter } = this.#ports;
    const began = clock.monotonic();
    const at = clock.now();
    const orgs = new Map<string, OrgSeen>();
    const around = {
      clones: clones(),
      tips: new Map(tips().map((tip) => [tip.feed, tip])),
    };
    for (let after = ""; ;) {
      const agents = agentsAfter(after, AGENTS_A_TURN);
      const last = agents.at(-1);
      if (last === undefined) break;
      this.#take(agents, orgs, { ...around, after, through: last.id });
      after = last.id;
      await nextTurn();
    }
    const counts = {
      at,
      orgs: new Map([...orgs].map(([org, seen]) => [org, seen.counts])),
    };
    const now = clock.monotonic();
    const lasts = Math.max(GOOD_FOR_MS, REST * (now - began));
    this.#counted = { counts, until: now + lasts };
    return counts;
  }

  #take(
    agents: readonly Agent[],
    orgs: Map<string, OrgSeen>,
    { clones, tips, after, through }: Around,
  ): void {
    const { overSince, isConnected } = this.#ports;
    const stands = this.#ports.standsBetween(after, through);
    const wellness = this.#ports.wellnessBetween(after, through);
    for (const agent of agents) {
      const { id, org, version, tags } = agent;
      const { counts, groups } = this.#orgOf(org, orgs);
      const own = stands.get(id) ?? [];
      const { codes = NONE, dropped = 0 } = wellness.get(id) ?? {};
      const known = { codes, dropped, overSince: overSince(id) };
      const isIn = groupsOf(groups, agent);
      const follows = [
        ...feedsOf(org),
        ...isIn.flatMap(({ feed }) => feed ?? []),
      ];
      counts.add({
        ...{ version, tags, groups: isIn.map(({ name }) => name) },
        state: stateOf(agent, isConnected(id)),
        mode: hostMode(own, codes),
        behind: behindBy(follows, own, tips),
        troubles: troublesOf({ ...known, cloned: clones.get(id) ?? 0 }),
      });
    }
  }

  #orgOf(org: string, orgs: Map<string, OrgSeen>): OrgSeen {
    const known = orgs.get(org);
    if (known !== undefined) return known;
    const groups = this.#ports.groups(org);
    const seen = { counts: new OrgCounts(org), groups };
    orgs.set(org, seen);
    return seen;
  }
}

interface OrgSeen {
  readonly counts: OrgCounts;
  readonly groups: readonly GroupPolicy[];
}

interface Around {
  readonly clones: ReadonlyMap<string, number>;
  readonly tips: ReadonlyMap<FeedName, FeedTip>;
  readonly after: string;
  readonly through: string;
}

const NONE: ReadonlySet<string> = new Set();

/** Some 5 ms. */
const AGENTS_A_TURN = 250;

const GOOD_FOR_MS = 1_000;

/** What was counted is good for so many times as long as that took. */
const REST = 4;
