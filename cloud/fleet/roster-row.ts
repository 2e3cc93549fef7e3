import type { FeedName } from "../../agent/model/position.js";
import { feedsOf } from "../feeds/audience.js";
import type { FeedTip } from "../feeds/feed-index.js";
import type { GroupPolicy } from "../journal/policy-events.js";
import { groupsOf } from "../policies/selection.js";
import type { Stand } from "../receipts/receipts.js";
import type { Agent } from "../registry/registry.js";
import type { HostFigures } from "../telemetry/host-figures.js";
import type { Wellness } from "../telemetry/wellness.js";
import { behindBy, hostMode, type HostMode } from "./host-mode.js";

/** What lists of hosts are asked and sorted by, of one of them. Some 400 bytes. */
export interface RosterRow extends HostFigures {
  readonly id: string;
  readonly org: string;
  readonly hostname: string;
  readonly tags: readonly string[];
  /** Names of those groups of its org's policy that it is in. */
  readonly groups: readonly string[];
  readonly version: string;
  /** As its inventory says, or as it was enrolled. */
  readonly system: string;
  readonly protocol: 1 | 2;
  /** Milliseconds since 1970, as all times. */
  readonly enrolledAt: number;
  readonly revokedAt: number | null;
  /** When it said that its host goes; null: it did not, or came again since. */
  readonly leftAt: number | null;
  /** Null: never. While it is connected it is now, which is not noted here. */
  readonly lastSeen: number | null;
  readonly mode: HostMode;
  /** Null: it never gave a receipt. */
  readonly behind: number | null;
  /** Codes of what is wrong with it, by its own word. */
  readonly codes: readonly string[];
  /** Items that its spool had to let go of. */
  readonly dropped: number;
  /** Pairs of live processes with its key that nobody has seen to. */
  readonly cloned: number;
}

/** What rows are made of, beside the agents themselves. */
export interface RosterParts {
  readonly stands: ReadonlyMap<string, readonly Stand[]>;
  readonly wellness: ReadonlyMap<string, Wellness>;
  readonly figures: ReadonlyMap<string, HostFigures>;
  readonly clones: ReadonlyMap<string, number>;
  readonly tips: ReadonlyMap<FeedName, FeedTip>;
  /** The groups of hosts that an org's policy names. */
  readonly groups: (org: string) => readonly GroupPolicy[];
}

/** Makes rows that share what many hosts have alike. */
export class RosterRows {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  rowOf(agent: Agent, parts: RosterParts): RosterRow {
    const { id, org } = agent;
    const stands = parts.stands.get(id) ?? [];
    const { codes = NONE, dropped = 0 } = parts.wellness.get(id) ?? {};
    const isIn = groupsOf(parts.groups(org), agent);
    const feeds = isIn.flatMap(({ feed }) => feed ?? []);
    const follows = [...feedsOf(org), ...feeds];
    const figures = parts.figures.get(id) ?? NOTHING;
    // Written out: to copy objects into it takes longer than all else.
    return {
      id,
      org: this.#text(org),
      hostname: agent.hostname,
      tags: this.#list(agent.tags),
      groups: this.#list(isIn.map(({ name }) => name)),
      version: this.#text(agent.version),
      system: this.#text(figures.system ?? agent.system),
      kernel: figures.kernel && this.#text(figures.kernel),
      arch: figures.arch && this.#text(figures.arch),
      protocol: agent.protocol,
      enrolledAt: agent.enrolledAt,
      revokedAt: agent.revokedAt,
      leftAt: agent.leftAt,
      lastSeen: agent.lastSeen,
      mode: hostMode(stands, codes),
      behind: behindBy(follows, stands, parts.tips),
      codes: this.#list([...codes]),
      dropped,
      cloned: parts.clones.get(id) ?? 0,
      bans: figures.bans,
      observed: figures.observed,
      held: figures.held,
    };
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }

  #list(list: readonly string[]): readonly string[] {
    if (list.length === 0) return EMPTY;
    const key = JSON.stringify(list);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    this.#lists.set(key, list);
    return list;
  }
}

const NONE: ReadonlySet<string> = new Set();
const EMPTY: readonly string[] = [];

const NOTHING: HostFigures = {
  ...{ system: null, kernel: null, arch: null },
  ...{ bans: null, observed: null, held: null },
};
