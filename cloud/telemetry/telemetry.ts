import type { Cidr } from "../../agent/model/cidr.js";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import type { Database, Statement } from "../journal/database.js";
import { boundsOf } from "./remote.js";

/** A detection with its place in the journal. */
export interface DetectionEntry {
  /** Sequence number of the telemetry that brought it: its evidence id. */
  readonly seq: number;
  /** Which of the message's items it is, from 0. */
  readonly nth: number;
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  /** When the host says it was, but never after `at`. */
  readonly time: number;
  /** Milliseconds by which the host's clock was ahead; 0 when it was not. */
  readonly earlyBy: number;
  readonly sensor: string;
  readonly source: string;
  readonly count: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly action: ItemOf<"detection">["action"];
  readonly rule: string | null;
}

/** A process of a host sent packets to a banned address. */
export interface ContactEntry {
  /** Sequence number of the telemetry that brought it. */
  readonly seq: number;
  readonly nth: number;
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  /** When the host says it was, but never after `at`. */
  readonly time: number;
  readonly earlyBy: number;
  readonly range: string;
  readonly protocol: number;
  readonly port: number;
  readonly packets: number;
  readonly begun: boolean;
  readonly forwarded: boolean;
  readonly observed: boolean;
  readonly process: string | null;
  readonly unit: string | null;
  readonly container: string | null;
}

/** Packets of one attacker that the bans of one org's hosts matched. */
export interface Sighting {
  readonly range: string;
  readonly org: string;
  readonly packets: number;
  readonly bytes: number;
  /** Of the packets: sent to the attacker, passing through, not dropped. */
  readonly outgoing: number;
  readonly forwarded: number;
  readonly observed: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface SightingTotal {
  readonly org: string;
  readonly packets: number;
  readonly bytes: number;
  /** Of the packets, those that were not dropped. */
  readonly observed: number;
}

/** A condition of the health catalogue that stands on a host. */
export interface Condition {
  readonly code: string;
  readonly severity: ItemOf<"health">["severity"];
  readonly text: string;
  readonly since: number;
}

/** How a host was when it last said so; null for what it never said. */
export interface HostReport {
  readonly vitals: ItemOf<"vitals"> | null;
  readonly inventory: ItemOf<"inventory"> | null;
  readonly health: readonly Condition[];
  /** Items that its spool had to let go of. */
  readonly dropped: number;
}

/** A host says that a change did it harm, and that it took it back. */
export interface TakenBack {
  /** When it was by the host's own clock: milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
}

/** Which to look for; undefined is any. */
interface CommonQuery {
  readonly limit: number;
  /** Range that sources or attackers lie in. */
  readonly range: Cidr | undefined;
  readonly org: string | undefined;
}

export interface TelemetryQuery extends CommonQuery {
  readonly agent: string | undefined;
  /** Those that came before this one. */
  readonly before:
    undefined | Pick<DetectionEntry | ContactEntry, "seq" | "nth">;
}

export interface SightingsQuery extends CommonQuery {
  /** Those that come behind this one: its packets, org and range. */
  readonly after: undefined | readonly [number, string, string];
}

/** Answers from what the agents reported; changes nothing. */
export class Telemetry {
  readonly #through: Statement<number>;
  readonly #detections: Statement<DetectionEntry>;
  readonly #sightings: Statement<Sighting>;
  readonly #contacts: Statement<ContactRow>;
  readonly #callers: Statement<number>;
  readonly #totals: Statement<SightingTotal>;
  readonly #host: Statement<HostRow>;
  readonly #conditions: Statement<Condition>;
  readonly #standing: Statement<{ agent: string; text: string }>;
  readonly #takenBack: Statement<TakenBack>;
  readonly #brought: Statement<DetectionEntry>;

  /** @param database the view of what agents said */
  constructor(database: Database) {
    this.#through = database
      .prepare<unknown[], number>(
        "SELECT through FROM spools WHERE agent = ? AND spool = ?",
      )
      .pluck();
    this.#detections = database.prepare(DETECTIONS);
    this.#sightings = database.prepare(SIGHTINGS);
    this.#contacts = database.prepare(CONTACTS);
    this.#callers = database.prepare<unknown[], number>(CALLERS).pluck();
    this.#totals = database.prepare(
      "SELECT org, packets, bytes, observed FROM sighting_totals ORDER BY org",
    );
    this.#host = database.prepare(
      "SELECT vitals, inventory, dropped FROM hosts WHERE agent = ?",
    );
    this.#conditions = database.prepare(
      "SELECT code, severity, text, since FROM conditions WHERE agent = ? ORDER BY code",
    );
    this.#standing = database.prepare(
      "SELECT agent, text FROM conditions WHERE code = ?",
    );
    this.#brought = database.prepare(
      `${DETECTION_ROWS} WHERE seq = ? ORDER BY nth`,
    );
    this.#takenBack = database.prepare(
      "SELECT time, text FROM taken_back WHERE agent = ? AND seq > ? ORDER BY seq",
    );
  }

  /** The highest number that is durable of an agent's spool; 0 for none. */
  through(agent: string, spool: string): number {
    return this.#through.get(agent, spool) ?? 0;
  }

  /** Newest first. */
  detections(query: TelemetryQuery): readonly DetectionEntry[] {
    return this.#detections.all(bound(query));
  }

  /** Those with the most packets first. */
  sightings({ after, ...query }: SightingsQuery): readonly Sighting[] {
    const [packets = Number.MAX_SAFE_INTEGER, org = "", range = ""] =
      after ?? [];
    const behind = { afterPackets: packets, afterOrg: org, afterRange: range };
    return this.#sightings.all({ ...common(query), ...behind });
  }

  /** Newest first. */
  contacts(query: TelemetryQuery): readonly ContactEntry[] {
    return this.#contacts.all(bound(query)).map((row) => ({
      ...row,
      begun: row.begun === 1,
      forwarded: row.forwarded === 1,
      observed: row.observed === 1,
    }));
  }

  /** Of how many hosts processes called a range of their own, of late; at least. */
  callers(range: Cidr): number {
    return this.#callers.get(boundsOf(range)) ?? 0;
  }

  /** All that bans matched, the attackers that have no name included. */
  totals(): readonly SightingTotal[] {
    return this.#totals.all();
  }

  /** Changes that a host told to have taken back behind a sequence number. */
  takenBack(agent: string, after: number): readonly TakenBack[] {
    return this.#takenBack.all(agent, after);
  }

  /** Hosts on which a condition stands, in their own words. */
  standing(code: string): ReadonlyMap<string, string> {
    const rows = this.#standing.all(code);
    return new Map(rows.map(({ agent, text }) => [agent, text]));
  }

  /** The detections that a message of telemetry brought, as far as they are kept. */
  broughtBy(seq: number): readonly DetectionEntry[] {
    return this.#brought.all(seq);
  }

  /** Null for an agent that never said anything of its host. */
  hostOf(agent: string): HostReport | null {
    const row = this.#host.get(agent);
    if (row === undefined) return null;
    const vitals = parsed(row.vitals) as HostReport["vitals"];
    const inventory = parsed(row.inventory) as HostReport["inventory"];
    const health = this.#conditions.all(agent);
    return { vitals, inventory, health, dropped: row.dropped };
  }
}

interface HostRow {
  readonly vitals: string | null;
  readonly inventory: string | null;
  readonly dropped: number;
}

/** SQLite has no truth but 0 and 1. */
type ContactRow = {
  readonly [Key in keyof ContactEntry]: ContactEntry[Key] extends boolean
    ? 0 | 1
    : ContactEntry[Key];
};

const WITHIN =
  "(@family IS NULL OR (family = @family AND address BETWEEN @low AND @high))";

const DETECTION_ROWS = `
  SELECT seq, nth, at, agent, org, time, early_by AS earlyBy, sensor, source,
    count, first_seen AS firstSeen, last_seen AS lastSeen, action, rule
  FROM detections`;

const DETECTIONS = `${DETECTION_ROWS}
  WHERE (seq, nth) < (@seq, @nth) AND (@org IS NULL OR org = @org)
    AND (@agent IS NULL OR agent = @agent) AND ${WITHIN}
  ORDER BY seq DESC, nth DESC LIMIT @limit`;

const SIGHTINGS = `
  SELECT remote AS range, org, packets, bytes, outgoing, forwarded, observed,
    first_seen AS firstSeen, last_seen AS lastSeen
  FROM sightings
  WHERE (@org IS NULL OR org = @org) AND ${WITHIN}
    AND (-packets, org, remote) > (-@afterPackets, @afterOrg, @afterRange)
  ORDER BY packets DESC, org, remote LIMIT @limit`;

const CONTACTS = `
  SELECT seq, nth, at, agent, org, time, early_by AS earlyBy, remote AS range,
    protocol, port, packets, begun, forwarded, observed, process, unit, container
  FROM contacts
  WHERE (seq, nth) < (@seq, @nth) AND (@org IS NULL OR org = @org)
    AND (@agent IS NULL OR agent = @agent) AND ${WITHIN}
  ORDER BY seq DESC, nth DESC LIMIT @limit`;

const MOST_CALLS = 2_000;

export const CALLERS = `
  SELECT count(DISTINCT agent) FROM (
    SELECT agent, begun FROM contacts
    WHERE family = @family AND address BETWEEN @low AND @high
    LIMIT ${MOST_CALLS})
  WHERE begun = 1`;

const bound = ({ agent, before, ...query }: TelemetryQuery) => ({
  ...common(query),
  ...(before ?? LAST),
  agent: agent ?? null,
});

function common({ range, org, limit }: CommonQuery) {
  const place = range
    ? boundsOf(range)
    : { family: null, low: null, high: null };
  return { ...place, limit, org: org ?? null };
}

/** Behind all that there is. */
const LAST = { seq: Number.MAX_SAFE_INTEGER, nth: 0 };

const parsed = (text: string | null): unknown =>
  text === null ? null : JSON.parse(text);
