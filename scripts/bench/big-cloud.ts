import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { FOREVER, type BanOp } from "../../agent/model/ban.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { NO_HASH, type FeedName } from "../../agent/model/position.js";
import type { Sign } from "../../agent/protocol/container.js";
import { systemClock, unixSeconds } from "../../agent/runtime/clock.js";
import { signerOf } from "../../agent/trust/sign.js";
import { positionAfter, sealChain } from "../../cloud/feeds/chain.js";
import { feedBegun } from "../../cloud/feeds/feeds.js";
import { filesOf } from "../../cloud/folder.js";
import { newId } from "../../cloud/ids.js";
import type {
  AgentEnrolled,
  Decided,
  DecisionEvent,
  RecordedDecision,
} from "../../cloud/journal/decision-events.js";
import type { ObservationEvent } from "../../cloud/journal/observation-events.js";
import { observed } from "../../cloud/journal/observed.js";
import { SqliteDecisions } from "../../cloud/journal/sqlite-decisions.js";
import { SqliteObservations } from "../../cloud/journal/sqlite-observations.js";
import { foundCloud, loadCloud } from "../../cloud/setup.js";

/** How large a cloud is made. */
export interface CloudSize {
  readonly bans: number;
  readonly agents: number;
  /** Customers, each with a feed and its share of the hosts. */
  readonly orgs: number;
}

/**
 * Founds a cloud in a folder and writes both of its logs as if it had worked for
 * thirty days: bans of one to twenty ranges in `urgent`, lists in `reputation`,
 * and every org's own. What is folded of them, the cloud folds at its start.
 * The same size makes the same ranges, reasons and names.
 */
export async function fillCloud(dir: string, size: CloudSize): Promise<void> {
  const founding = { dir, name: "big-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  await using past = await PastLog.open(dir);
  const orgs = Array.from({ length: size.orgs }, (_, n) => `org-${n}`);
  for (const org of orgs) {
    await past.append([
      { kind: "org-added", org, name: `Org ${org.slice(4)}` },
      past.begun(`org/${org}`),
    ]);
  }
  await enrolAll(past, orgs, size.agents);
  const ranges = rangesOf(size.bans);
  for (const order of ordersOf(size.bans, orgs))
    await past.order(order, ranges);
  past.passTo(Date.now());
  await observeAll(dir, orgs, size.agents);
}

const DAY_MS = 86_400_000;
const DAYS = 30;

/** The log of decisions, written in the order of its time. */
class PastLog implements AsyncDisposable {
  readonly #log: SqliteDecisions;
  readonly #sign: Sign;
  readonly #positions = new Map<FeedName, ReturnType<typeof positionAfter>>();
  readonly #time: { now: number };
  #waiting: DecisionEvent[] = [];

  private constructor(log: SqliteDecisions, time: { now: number }, sign: Sign) {
    this.#log = log;
    this.#time = time;
    this.#sign = sign;
  }

  static async open(dir: string): Promise<PastLog> {
    const time = { now: Date.now() - DAYS * DAY_MS };
    const clock = { ...systemClock, now: () => time.now };
    const log = SqliteDecisions.open(filesOf(dir).decisions, clock);
    const { contentKeys } = loadCloud(dir, undefined).signing;
    const past = new PastLog(log, time, signerOf(contentKeys));
    for (const { event } of await log.after(0, 100)) past.#note(event);
    return past;
  }

  /** The feed's first event. */
  begun(feed: FeedName): DecisionEvent {
    const event = feedBegun(feed);
    this.#note(event);
    return event;
  }

  /** Writes what came together, and much of it at once. */
  async append(events: readonly DecisionEvent[]): Promise<void> {
    this.#waiting.push(...events);
    if (this.#waiting.length >= AT_ONCE) await this.#flush();
  }

  async order(order: Order, ranges: Generator<Cidr>): Promise<void> {
    const { feed, count, list, days } = order;
    if (days !== undefined) {
      await this.#flush();
      this.passTo(Date.now() - days * DAY_MS);
    }
    const issuedAt = this.#time.now;
    const ops = Array.from({ length: count }, (_, nth) =>
      opOf(order, nth, ranges, unixSeconds(issuedAt)),
    );
    const decision = newId("dec");
    const decided: Decided = {
      ...{ kind: "decided", decision, feed, by: order.by, ranges: count },
      ...{ action: list === undefined ? "ban" : "import", seen: 0 },
      ...(list !== undefined && { list }),
      ...{ reason: order.reason, until: ops[0]?.expiresAt ?? 0 },
    };
    const from = this.#positions.get(feed);
    if (from === undefined) throw new Error(`${feed} was never begun`);
    const terms = { decision, issuedAt, sign: this.#sign };
    const segments = [...sealChain(from, ops, terms)];
    const last = segments.at(-1);
    if (last) this.#positions.set(feed, positionAfter(last));
    await this.append([decided, ...segments]);
  }

  /** From here on it is this time, or the one that it was if that is later. */
  passTo(now: number): void {
    this.#time.now = Math.max(this.#time.now, now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
    this.#log[Symbol.dispose]();
  }

  #note(event: RecordedDecision["event"]): void {
    if (event.kind !== "feed-begun") return;
    const { feed, epoch } = event;
    this.#positions.set(feed, { feed, epoch, offset: 0, hash: NO_HASH });
  }

  async #flush(): Promise<void> {
    const events = this.#waiting;
    this.#waiting = [];
    await this.#log.append(events);
  }
}

/** Events of one append: some 10 MB with their segments, at most. */
const AT_ONCE = 256;

/** One decision of the past. */
interface Order {
  readonly feed: FeedName;
  readonly by: string;
  readonly count: number;
  readonly reason: string;
  /** The list that it brings. */
  readonly list?: string;
  /** How long ago it was, where it is another time than that of the one before. */
  readonly days?: number;
  readonly forS: number | undefined;
}

/** What was decided, the oldest first: of `bans` ranges in all. */
function* ordersOf(bans: number, orgs: readonly string[]): Generator<Order> {
  const perDay = Math.ceil(bans / DAYS);
  for (let day = 0, left = bans; left > 0; day++) {
    const today = Math.min(left, perDay);
    left -= today;
    const imported = Math.floor(today * 0.75);
    const own = orgs.length === 0 ? 0 : Math.floor(today * 0.2);
    yield {
      ...{ feed: "reputation", by: "import", count: imported },
      ...{ list: `list-${day % 6}`, reason: `on list ${day % 6}` },
      ...{ forS: 40 * 86_400, days: DAYS - day - 1 },
    };
    yield* ownOrders(own, orgs, day);
    yield* urgentOrders(today - imported - own, day);
  }
}

function* ownOrders(
  bans: number,
  orgs: readonly string[],
  day: number,
): Generator<Order> {
  const share = Math.ceil(bans / Math.max(1, orgs.length));
  for (let nth = 0, left = bans; left > 0; nth++) {
    const org = orgs[nth % orgs.length] ?? "";
    const count = Math.min(left, share);
    left -= count;
    yield {
      ...{ feed: `org/${org}`, by: `${org} analyst`, count },
      ...{ reason: `case ${day * 100 + nth}`, forS: 60 * 86_400 },
    };
  }
}

function* urgentOrders(bans: number, day: number): Generator<Order> {
  for (let nth = 0, left = bans; left > 0; nth++) {
    const count = Math.min(left, 1 + ((nth * 7) % 20));
    left -= count;
    const isRule = nth % 3 > 0;
    yield {
      ...{ feed: "urgent", by: isRule ? "rule:ssh" : "admin", count },
      reason: isRule
        ? `ssh brute force seen by ${2 + (nth % 9)} orgs`
        : `incident ${day}-${nth}`,
      // By one in sixteen, a ban without an end.
      forS: nth % 16 === 0 ? undefined : (31 + (nth % 29)) * 86_400,
    };
  }
}

const opOf = (
  { reason, forS }: Order,
  nth: number,
  ranges: Generator<Cidr>,
  now: number,
): BanOp => ({
  ...({ op: "ban", reason, observed: nth % 20 === 19 } as const),
  cidr: ranges.next().value as Cidr,
  // Not all of an order end at once, as with lists that were renewed in part.
  expiresAt: forS === undefined ? FOREVER : now + forS + (nth % 1_000) * 60,
});

/** Distinct ranges: of twenty, seventeen IPv4 addresses, a /24, and two of IPv6. */
function* rangesOf(count: number): Generator<Cidr> {
  for (let n = 1; n <= count; n++) yield rangeOf(n);
}

function rangeOf(n: number): Cidr {
  const kind = n % 20;
  // A walk over 2^32 by a step that is coprime to it never comes to a place twice.
  const place = Math.imul(n, 2_654_435_761) >>> 0;
  if (kind < 2) return wide(place, kind === 0 ? 64 : 128);
  const address = new Uint8Array(4);
  const prefix = kind === 2 ? 24 : 32;
  // Of /24 there are 2^24: counted up, in the upper half of what may be banned.
  const value =
    prefix === 24 ? ((128 << 16) + Math.floor(n / 20)) * 256 : place;
  new DataView(address.buffer).setUint32(0, value);
  return { family: 4, address, prefix };
}

function wide(place: number, prefix: 64 | 128): Cidr {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint32(0, 0x2a00_0000 + (place & 0xffff));
  view.setUint32(4, place);
  if (prefix === 128) view.setUint32(12, place);
  return { family: 6, address, prefix };
}

async function enrolAll(
  past: PastLog,
  orgs: readonly string[],
  agents: number,
): Promise<void> {
  for (let n = 0; n < agents; n += AT_ONCE) {
    const count = Math.min(AT_ONCE, agents - n);
    await past.append(
      Array.from({ length: count }, (_, nth) => enrolled(n + nth, orgs)),
    );
  }
}

const enrolled = (n: number, orgs: readonly string[]): AgentEnrolled => ({
  ...{ kind: "agent-enrolled", agent: agentOf(n), tokenHash: agentOf(n) },
  org: orgOf(n, orgs),
  publicKey: randomBytes(32).toString("base64url"),
  hostname: `host-${n}.${orgOf(n, orgs)}.example`,
  system: SYSTEMS[n % SYSTEMS.length] ?? "",
  version: versionOf(n),
});

const agentOf = (n: number): string =>
  `agt-${n.toString(16).padStart(16, "0")}`;

const orgOf = (n: number, orgs: readonly string[]): string =>
  orgs[n % orgs.length] ?? "";

const SYSTEMS = ["Debian GNU/Linux 12", "Ubuntu 24.04", "Rocky Linux 9"];

const versionOf = (n: number): string => `0.${3 + (n % 4)}.${n % 3}`;

/** Each host came within the last day; one in thirty says that it is not well. */
async function observeAll(
  dir: string,
  orgs: readonly string[],
  agents: number,
): Promise<void> {
  const { observations, observationsDir } = filesOf(dir);
  mkdirSync(observationsDir, { recursive: true });
  const time = { now: Date.now() - DAY_MS };
  const clock = { ...systemClock, now: () => time.now };
  using log = SqliteObservations.open(observations, clock);
  for (let n = 0; n < agents; n += SEEN_AT_ONCE) {
    time.now = Date.now() - DAY_MS + Math.floor((n / agents) * DAY_MS);
    const count = Math.min(SEEN_AT_ONCE, agents - n);
    const events = Array.from({ length: count }, (_, nth) =>
      seen(n + nth, orgs, time.now),
    );
    await log.put(events.flat().map(observed));
  }
}

const SEEN_AT_ONCE = 1_024;

function seen(
  n: number,
  orgs: readonly string[],
  time: number,
): readonly ObservationEvent[] {
  const agent = agentOf(n);
  const came = { kind: "agent-seen", agent, version: versionOf(n) } as const;
  if (n % 30 > 0) return [came];
  const text = "the ruleset was changed by somebody else";
  return [
    came,
    {
      ...{ kind: "telemetry", agent, org: orgOf(n, orgs), spool: "past" },
      first: 1,
      items: [
        {
          ...{ kind: "health", time, code: "ruleset-drifted" },
          ...{ severity: "high", state: "raised", text },
        },
      ],
    },
  ];
}
