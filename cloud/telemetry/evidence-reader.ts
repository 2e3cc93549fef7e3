import type { Database, Statement } from "../journal/database.js";
import type { Turns } from "../rate/turns.js";
import { FAILURES, type Evidence } from "./evidence.js";

/** Who is known, and trusted still. */
export interface Acquaintance {
  agent(id: string): { readonly revokedAt: number | null } | undefined;
}

/** Which of what was seen of an attacker. */
export interface EvidenceQuery {
  readonly attacker: string;
  /** Milliseconds since 1970, of the window's two ends. */
  readonly since: number;
  readonly now: number;
  /** What observation it comes behind. */
  readonly after: number;
}

/** At least so many of them. */
export interface Least {
  readonly orgs: number;
  readonly hosts: number;
}

/**
 * Tells what hosts saw of an attacker. However much they report of him, little is
 * read at a time, and what one org reports takes no room from what others do.
 */
export class EvidenceReader {
  readonly #registry: Acquaintance;
  readonly #newest: Statement<Row>;
  readonly #nextOrg: Statement<string>;
  readonly #nextHost: Statement<Host>;
  readonly #nextOfOrg: Statement<string>;
  readonly #ofHost: Statement<Row>;

  /** @param observed the view of what agents said */
  constructor(observed: Database, registry: Acquaintance) {
    this.#registry = registry;
    this.#newest = observed.prepare(NEWEST);
    this.#nextOrg = observed.prepare<unknown[], string>(NEXT_ORG).pluck();
    this.#nextHost = observed.prepare(NEXT_HOST);
    this.#nextOfOrg = observed.prepare<unknown[], string>(NEXT_OF_ORG).pluck();
    this.#ofHost = observed.prepare(OF_HOST);
  }

  /** Whether so many ever told of him: a cheap no for most, whatever they told. */
  areThere(attacker: string, { orgs, hosts }: Least): boolean {
    let org: string | undefined = "";
    for (let n = 0; n < Math.min(orgs, MOST_STEPS); n++) {
      org = this.#nextOrg.get(attacker, org);
      if (org === undefined) return false;
    }
    let host: Host | undefined = { org: "", agent: "" };
    for (let n = 0; n < Math.min(hosts, MOST_STEPS); n++) {
      host = this.#nextHost.get(attacker, host.org, host.agent);
      if (host === undefined) return false;
    }
    return true;
  }

  /**
   * What hosts that are still trusted saw, without those whose guard held the ban:
   * to them the source is one of their own. All of it, where it is not much; else
   * the newest of all, and of each host its newest and some of before.
   */
  async of(query: EvidenceQuery, turns: Turns): Promise<readonly Evidence[]> {
    const { since, after } = query;
    const found = new Map<string, Row>();
    const add = (rows: readonly Row[]) => {
      for (const row of rows) found.set(`${row.seq}/${row.nth}`, row);
    };
    const isTrusted = once((agent) => this.#isTrusted(agent));
    const isAll = await this.#readNewest(query, turns, add);
    if (!isAll) await this.#readEach({ ...query, isTrusted }, turns, add);
    return [...found.values()].filter(
      ({ agent, seq, time, action }) =>
        time > since && seq > after && action !== "held" && isTrusted(agent),
    );
  }

  /** Reports whether that was all. */
  async #readNewest(
    { attacker, since, after }: EvidenceQuery,
    turns: Turns,
    add: (rows: readonly Row[]) => void,
  ): Promise<boolean> {
    let place = { seq: Number.MAX_SAFE_INTEGER, nth: 0 };
    for (let read = 0; read < MOST_NEWEST; read += PAGE) {
      await turns.next();
      const page = this.#newest.all({ attacker, after, ...place });
      add(page);
      const last = page.at(-1);
      // Nothing is from later than it came.
      if (!last || page.length < PAGE || last.at <= since) return true;
      place = { seq: last.seq, nth: last.nth };
    }
    return false;
  }

  async #readEach(
    query: TrustingQuery,
    turns: Turns,
    add: (rows: readonly Row[]) => void,
  ): Promise<void> {
    const orgs: string[] = [];
    const next = (last: string) => this.#nextOrg.get(query.attacker, last);
    for (let org = next(""); org !== undefined; org = next(org)) {
      orgs.push(org);
      await turns.next();
    }
    const ofOrg = Math.min(MOST_OF_AN_ORG, shareOf(MOST_IN_ALL, orgs));
    for (const { org, hosts } of await this.#hostsOf(orgs, query, turns)) {
      const most = shareOf(ofOrg, hosts);
      for (const agent of hosts) {
        await turns.next();
        add(this.#readHost(query, { org, agent }, most));
      }
    }
  }

  /**
   * Some of each org's hosts that have something to say. Those that have not take
   * steps, in turns with other orgs', and no room.
   */
  async #hostsOf(
    orgs: readonly string[],
    query: TrustingQuery,
    turns: Turns,
  ): Promise<readonly Walk[]> {
    const most = Math.min(MOST_HOSTS, shareOf(MOST_IN_ALL, orgs));
    const walks = orgs.map((org): Walk => ({ org, hosts: [], last: "" }));
    const isOpen = ({ last, hosts }: Walk) =>
      last !== undefined && hosts.length < most;
    let open = walks;
    let left = MOST_STEPS_IN_ALL;
    for (let n = 0; n < MOST_STEPS_OF_AN_ORG && open.length > 0; n++) {
      for (const walk of open) {
        await turns.next();
        this.#step(walk, query);
      }
      left -= open.length;
      open = open.filter(isOpen).slice(0, left);
    }
    return walks;
  }

  #step(walk: Walk, query: TrustingQuery): void {
    const { attacker, since, after, isTrusted } = query;
    const agent = this.#nextOfOrg.get(attacker, walk.org, walk.last);
    walk.last = agent;
    if (agent === undefined || !isTrusted(agent)) return;
    const host = { org: walk.org, agent, since, limit: 1 };
    const before = Number.MAX_SAFE_INTEGER;
    const [newest] = this.#ofHost.all({ attacker, ...host, before });
    if (newest !== undefined && newest.seq > after) walk.hosts.push(agent);
  }

  /** Half of it the newest; the others apart, so that long windows are seen whole. */
  #readHost(
    { attacker, since, now }: EvidenceQuery,
    host: Host,
    most: number,
  ): readonly Row[] {
    const read = (before: number, limit: number) =>
      this.#ofHost.all({ attacker, ...host, since, before, limit });
    const half = Math.ceil(most / 2);
    const rows = [...read(Number.MAX_SAFE_INTEGER, half)];
    const apart = Math.ceil((now - since) / most);
    while (rows.length >= half && rows.length < most) {
      const [row] = read((rows.at(-1)?.at ?? 0) - apart, 1);
      if (row === undefined) break;
      rows.push(row);
    }
    return rows;
  }

  #isTrusted(agent: string): boolean {
    return this.#registry.agent(agent)?.revokedAt === null;
  }
}

interface Host {
  readonly org: string;
  readonly agent: string;
}

interface Row extends Evidence {
  readonly nth: number;
  /** When the cloud took it down. */
  readonly at: number;
  readonly action: string;
}

/** Who of an org told of an attacker: as far as was looked. */
interface Walk {
  readonly org: string;
  readonly hosts: string[];
  /** Undefined: there are no more. */
  last: string | undefined;
}

interface TrustingQuery extends EvidenceQuery {
  readonly isTrusted: (agent: string) => boolean;
}

function once(ask: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const answer = known.get(name) ?? ask(name);
    known.set(name, answer);
    return answer;
  };
}

const shareOf = (room: number, { length }: readonly string[]): number =>
  Math.max(1, Math.floor(room / Math.max(1, length)));

/** Orgs and hosts that are counted before anything is read. */
const MOST_STEPS = 64;

/** Rows of which all are read: a popular attacker's, between two bans. */
const PAGE = 128;
const MOST_NEWEST = 4 * PAGE;

/** Of more than these: rows of one org, of its hosts, and in all. */
const MOST_OF_AN_ORG = 1_000;
const MOST_HOSTS = 250;
const MOST_IN_ALL = 10_000;

/** Hosts that are stepped over, those with nothing to say as well: some 0.2 s. */
const MOST_STEPS_OF_AN_ORG = 5_000;
const MOST_STEPS_IN_ALL = 20_000;

const COLUMNS = `seq, nth, at, time, agent, org, sensor, ${FAILURES}, action`;

export const NEWEST = `
  SELECT ${COLUMNS} FROM detections
  WHERE attacker = @attacker AND seq > @after AND (seq, nth) < (@seq, @nth)
  ORDER BY seq DESC, nth DESC LIMIT ${PAGE}`;

export const NEXT_ORG = `
  SELECT org FROM detections WHERE attacker = ? AND org > ?
  ORDER BY org LIMIT 1`;

export const NEXT_HOST = `
  SELECT org, agent FROM detections
  WHERE attacker = ? AND (org, agent) > (?, ?) ORDER BY org, agent LIMIT 1`;

export const NEXT_OF_ORG = `
  SELECT agent FROM detections WHERE attacker = ? AND org = ? AND agent > ?
  ORDER BY agent LIMIT 1`;

export const OF_HOST = `
  SELECT ${COLUMNS} FROM detections
  WHERE attacker = @attacker AND org = @org AND agent = @agent
    AND at > @since AND at <= @before
  ORDER BY at DESC LIMIT @limit`;
