import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { RuleBook } from "../rules/rule-book.js";
import { longestWindow } from "../rules/rule-set.js";
import type { PastDetections } from "../telemetry/past-detections.js";

export interface LookBackPorts {
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  readonly book: Pick<RuleBook, "inForce" | "inShadow">;
  readonly past: Pick<PastDetections, "hosts" | "ofHost">;
}

/** How far back any rule looks, in force or in the shadow. */
export function lookedBack({ book }: Pick<LookBackPorts, "book">): number {
  const watched = book.inShadow()?.rules ?? [];
  return longestWindow([...book.inForce().rules, ...watched]);
}

/**
 * Tells of whom rules may still know something: at the start, and when there are
 * new ones. It goes over them once at a time; what changes meanwhile has it go again.
 */
export class LookBack {
  readonly #ports: LookBackPorts;
  #found: readonly string[] = [];
  #walk: Walk | undefined;
  #isDue = true;
  #known: readonly [number, number];

  constructor(ports: LookBackPorts) {
    this.#ports = ports;
    this.#known = this.#versions();
  }

  get isOver(): boolean {
    return !this.#isDue && this.#walk === undefined && this.#found.length === 0;
  }

  /** Other rules count. Where some only ended, there is nothing to look for. */
  hear(): void {
    const [inForce, inShadow] = this.#versions();
    const [before, watched] = this.#known;
    this.#known = [inForce, inShadow];
    const isWatched = inShadow !== watched && inShadow > 0;
    if (inForce !== before || isWatched) this.#isDue = true;
  }

  /** Whom to look at; undefined: nobody was found in what this call read. */
  next(): string | undefined {
    if (this.#found.length === 0) this.#found = this.#read();
    const [first, ...others] = this.#found;
    this.#found = others;
    return first;
  }

  #read(): readonly string[] {
    const { clock, log, past } = this.#ports;
    try {
      if (this.#walk === undefined && this.#isDue) {
        this.#isDue = false;
        this.#walk = new Walk(past, clock.now() - lookedBack(this.#ports));
      }
      const found = this.#walk?.next();
      if (found === undefined) this.#walk = undefined;
      return found ?? [];
    } catch (error) {
      this.#walk = undefined;
      log.error("rules could not look back", { error });
      return [];
    }
  }

  /** 0: there are none in the shadow. */
  #versions(): readonly [number, number] {
    const { book } = this.#ports;
    return [book.inForce().version, book.inShadow()?.version ?? 0];
  }
}

/**
 * Goes over everybody whom hosts detected since then, a little at a time: org by
 * org in turns, each host's newest first. So whoever reported much delays nobody's
 * newest but its own.
 */
class Walk {
  readonly #past: LookBackPorts["past"];
  readonly #since: number;
  /** Hosts that have more, by org; the orgs and the hosts in their turns. */
  readonly #orgs = new Map<string, Host[]>();
  readonly #told = new Set<string>();
  #lastHost: string | undefined = "";

  constructor(past: LookBackPorts["past"], since: number) {
    this.#past = past;
    this.#since = since;
  }

  /**
   * The next few attackers, each of them seldom twice; it may be none. Undefined:
   * there are no more.
   */
  next(): readonly string[] | undefined {
    if (this.#lastHost !== undefined) {
      this.#list(this.#lastHost);
      return [];
    }
    const [[org, hosts] = []] = this.#orgs;
    const host = hosts?.shift();
    if (org === undefined || hosts === undefined || host === undefined) {
      return undefined;
    }
    const page = this.#past.ofHost(host.agent, host.before, PAGE);
    const last = page.at(-1);
    const hasMore = last !== undefined && page.length === PAGE;
    // Nothing is from later than it came.
    if (hasMore && last.at > this.#since) {
      hosts.push({ ...host, before: last.number });
    }
    this.#orgs.delete(org);
    if (hosts.length > 0) this.#orgs.set(org, hosts);
    return page.flatMap(({ attacker, time }) => {
      if (attacker === null || time <= this.#since) return [];
      return this.#isNew(attacker) ? attacker : [];
    });
  }

  #list(after: string): void {
    const page = this.#past.hosts(after, HOSTS);
    for (const { agent, org } of page) {
      const hosts = this.#orgs.get(org) ?? [];
      hosts.push({ agent, before: Number.MAX_SAFE_INTEGER });
      this.#orgs.set(org, hosts);
    }
    this.#lastHost = page.length < HOSTS ? undefined : page.at(-1)?.agent;
  }

  #isNew(attacker: string): boolean {
    if (this.#told.has(attacker)) return false;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(attacker);
    return true;
  }
}

interface Host {
  readonly agent: string;
  /** What it reported behind this number was told. */
  readonly before: number;
}

/** Detections of one host, and hosts, that are read at a time: a millisecond. */
const PAGE = 100;
const HOSTS = 250;

/** Some 10 MB; who is forgotten is looked at once more. */
const MOST_TOLD = 100_000;
