import type { Logger } from "../../agent/log/logger.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { POLICY } from "../../agent/protocol/capabilities.js";
import { limits } from "../../agent/protocol/limits.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Present } from "../feeds/snapshots/present.js";
import type { PolicyHold } from "../journal/policy-events.js";
import type { PolicyHolds } from "../policies/policy-holds.js";
import { takesPolicies } from "../registry/protocol-read.js";
import type { Agent, Registry } from "../registry/registry.js";
import type { DecisionEntry, DecisionLog } from "./decision-log.js";

export interface OrgHarmPorts {
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly index: Pick<FeedIndex, "segmentsAfter">;
  readonly present: Pick<Present, "look">;
  readonly registry: Pick<Registry, "agent" | "countOf" | "trusted">;
  /** What agents say that they can, of those that are here now. */
  readonly gateway: {
    capabilitiesOf(agent: string): ReadonlySet<string> | undefined;
  };
  readonly policyHolds: Pick<PolicyHolds, "hasHeld" | "heldSince" | "hold">;
}

/** A host that a decision hurt: whose it is, and when it said so last, in ms since 1970. */
export interface Hurt {
  readonly org: string;
  readonly at: number;
}

/**
 * What hurts hosts of one org is held on that org's hosts, by its policy: whoever
 * says so has a part of that org, and of no other. One host alone has no such word,
 * but where there are few. An org's only host is spared nothing: what hurts it, it
 * takes back itself, and no more than that.
 */
export class OrgHarm {
  readonly #ports: OrgHarmPorts;
  /** What it told that it cannot hold: once is enough. */
  readonly #told = new Set<string>();

  constructor(ports: OrgHarmPorts) {
    this.#ports = ports;
  }

  /**
   * @param hosts the agents that a decision hurt, of whichever org
   * @throws where it has to be tried again
   */
  async holdFor(
    org: string,
    decision: string,
    hosts: ReadonlyMap<string, Hurt>,
  ): Promise<void> {
    if (this.#ports.policyHolds.hasHeld(org, decision)) return;
    const trusted = [...hosts].filter(
      ([agent, hurt]) => hurt.org === org && this.#isTrusted(agent),
    );
    if (!this.#isEnough(org, trusted.length)) return;
    const at = Math.max(...trusted.map(([, hurt]) => hurt.at));
    await this.#hold({ org, decision, hosts: trusted.length }, at);
  }

  async #hold(said: Said, at: number): Promise<void> {
    const { clock, log, policyHolds } = this.#ports;
    const { org } = said;
    const since = clock.now() - DAY_MS;
    if (policyHolds.heldSince(org, since) >= MOST_A_DAY) {
      this.#tell(said, `${MOST_A_DAY} were held for it within a day`);
      return;
    }
    const hold = await this.#holdOf(said, at);
    if (hold === undefined) return;
    if (typeof hold === "string") {
      this.#tell(said, hold);
      return;
    }
    const { all, without } = this.#hostsOf(org);
    if (without === all) {
      this.#tell(said, "no host of it goes by policies");
      return;
    }
    const published = await policyHolds.hold(org, hold, HARM);
    if (published === undefined) {
      this.#tell(said, "the org's policy has no room for it");
      return;
    }
    const { version } = published;
    const ranges = hold.ranges.length;
    log.error("ALARM: a decision hurt hosts of one org, and is held there", {
      ...{ ...said, version, ranges, hostsWithoutPolicy: without },
    });
  }

  /**
   * What the feed bans now of its ranges, by whichever decision: who is hurt is hurt
   * by what took its place as well. In words, why that cannot be held.
   */
  async #holdOf(
    { decision, hosts }: Said,
    at: number,
  ): Promise<PolicyHold | string | undefined> {
    const { decisionLog, present, clock } = this.#ports;
    const known = decisionLog.decision(decision);
    if (known === undefined || !isPlaced(known)) return undefined;
    const { feed } = known;
    const ranges = this.#rangesOf(known);
    if (ranges === undefined) {
      return `it is of more than ${limits.policyHolds} ranges`;
    }
    const look = await present.look([feed]);
    if (look === undefined) throw new Error("what is banned cannot be told");
    const standing = ranges.flatMap((range) => look.exact(feed, range) ?? []);
    const bans = standing.filter((ban) => !this.#isMeant(ban.decision, at));
    if (bans.length === 0) {
      return standing.length > 0 ? "people banned it anew since" : undefined;
    }
    const ends = bans.map(({ expiresAt }) => expiresAt * 1_000);
    const most = clock.now() + limits.policyDays * DAY_MS;
    const hurt = hosts === 1 ? "1 host was" : `${hosts} hosts were`;
    return {
      ...{ decision, feed, why: `${hurt} hurt by ${decision}` },
      until: Math.min(most, ...ends),
      ranges: bans.map(({ cidr }) => formatCidr(cidr)),
    };
  }

  /** A person decided it later than that, who may have known. */
  #isMeant(decision: string, since: number): boolean {
    const known = this.#ports.decisionLog.decision(decision);
    if (known === undefined || known.decidedAt <= since) return false;
    return known.action !== "import" && !known.by.startsWith("rule:");
  }

  /** How many an org has that it trusts, and how many of them take no policy. */
  #hostsOf(org: string): { readonly all: number; readonly without: number } {
    const agents = this.#ports.registry.trusted(org);
    const without = agents.filter((agent) => !this.#takesPolicy(agent)).length;
    return { all: agents.length, without };
  }

  /** By what it said when it came; while it is away, as its version does by default. */
  #takesPolicy({ id, version }: Agent): boolean {
    const said = this.#ports.gateway.capabilitiesOf(id);
    return said === undefined ? takesPolicies(version) : said.has(POLICY);
  }

  /** What it banned, if that is few. */
  #rangesOf({
    decision,
    feed,
    epoch,
    first,
    last,
  }: Placed): readonly Cidr[] | undefined {
    if (last - first >= MOST_OPS) return undefined;
    const ranges: Cidr[] = [];
    for (let offset = first - 1; offset < last;) {
      const at = { feed, epoch, offset };
      const [segment] = this.#ports.index.segmentsAfter(at, 1);
      if (segment === undefined) break;
      offset = segment.last;
      if (segment.decision !== decision) continue;
      const ops = readOps(openSegment(segment.bytes));
      for (const op of ops) if (op.op === "ban") ranges.push(op.cidr);
    }
    return ranges.length > limits.policyHolds ? undefined : ranges;
  }

  #isTrusted(agent: string): boolean {
    return this.#ports.registry.agent(agent)?.revokedAt === null;
  }

  #isEnough(org: string, hosts: number): boolean {
    if (hosts >= HOSTS) return true;
    const all = this.#ports.registry.countOf(org, MANY);
    return hosts > 0 && all > hosts && all < MANY;
  }

  #tell(said: Said, why: string): void {
    const key = `${said.org} ${said.decision} ${why}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(key);
    const { log } = this.#ports;
    log.error(
      "ALARM: a decision hurt hosts of one org, and is not held there",
      {
        ...{ ...said, why },
      },
    );
  }
}

/** What is told of: so many hosts of an org that a decision hurt. */
interface Said {
  readonly org: string;
  readonly decision: string;
  readonly hosts: number;
}

type Placed = DecisionEntry & {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
};

const isPlaced = (entry: DecisionEntry): entry is Placed =>
  entry.epoch !== null && entry.first !== null && entry.last !== null;

/** By which rule it is undone, or held. */
export const HARM = "rule:harm";

/** Of an org that has `MANY` hosts; of one with two or three a single one is enough. */
const HOSTS = 2;
const MANY = 4;

/** Whoever has two hosts of an org gets no more held than that. */
const MOST_A_DAY = 8;

/** Ops of a decision, lifts among them, that are looked through. */
const MOST_OPS = 4 * limits.policyHolds;

const MOST_TOLD = 1_000;

const DAY_MS = 86_400_000;
