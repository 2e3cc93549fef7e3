import type { AgentView } from "../../agent/agent.js";
import {
  InvalidCidr,
  parseCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { Mode } from "../../agent/model/mode.js";
import { isFeedName, type FeedName } from "../../agent/model/position.js";
import { unixSeconds, type BanClock } from "../../agent/runtime/clock.js";
import type { Mutex } from "../../agent/runtime/mutex.js";
import { receiptsOf } from "./carrying.js";
import { historyOf, ordersOf, releasesOf } from "./history-view.js";
import { hitsOf, totalsOf } from "./hits-view.js";
import { banPageOf, telemetryOf } from "./list-views.js";
import { positionsOf } from "./positions.js";
import type { Refused } from "./reload-view.js";
import { wrong, type Answer } from "./reply.js";
import { statusOf } from "./status-view.js";
import { whyOf } from "./why-view.js";

/** What questions are answered from. */
export interface Asked {
  readonly agent: AgentView;
  readonly clock: BanClock;
  readonly version: string;
  /** Who on this host called, as far as whoever asks may know. */
  readonly contacts: AgentView["contacts"];
  /** What the files of the configuration say that is not taken. */
  readonly refused?: () => Refused | undefined;
  /** Long answers are made one by one: many at once would fill the heap. */
  readonly oneByOne: Mutex;
}

/** Answers a GET; what is wrong with a question is the answer to it. */
export async function answerTo(options: Asked, url: URL): Promise<Answer> {
  if (url.pathname === "/v1/status") {
    return { status: 200, body: await statusOf(options) };
  }
  if (url.pathname === "/v1/receipts") {
    return receiptsOf(options.agent);
  }
  return orWrong(() => asked(options, url));
}

function asked(
  options: Asked,
  { pathname, searchParams }: URL,
): Answer | Promise<Answer> {
  switch (pathname) {
    case "/v1/bans":
      return bans(options, searchParams);
    case "/v1/unkept":
      return { status: 200, body: options.agent.ledger.unkept() };
    case "/v1/bans/count":
      return countBans(options, searchParams);
    case "/v1/hits":
      return hits(options, searchParams);
    case "/v1/totals":
      return totals(options);
    case "/v1/why":
      return why(options, searchParams);
    case "/v1/history":
      return history(options, searchParams);
    case "/v1/orders":
      return ordersGiven(options, searchParams);
    case "/v1/releases":
      return { status: 200, body: releasesOf(options) };
    case "/v1/positions":
      return { status: 200, body: positionsOf(options.agent) };
    case "/v1/telemetry":
      return { status: 200, body: telemetryOf(options.agent) };
    default:
      return wrong(404, `${pathname} is not known`);
  }
}

async function orWrong(reply: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await reply();
  } catch (error) {
    if (error instanceof BadQuery || error instanceof InvalidCidr) {
      return wrong(400, error.message);
    }
    throw error;
  }
}

/** One page; `after` is the feed and range that the page before ended with. */
async function bans(
  { agent, clock }: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const now = unixSeconds(clock.now());
  const limit = limitOf(query.get("limit"), LONGEST_PAGE);
  const feed = feedOf(query.get("feed"));
  if (feed !== undefined) mustKnow(agent, feed);
  const after = afterOf(query.get("after"));
  const text = query.get("range");
  const about = text === null ? undefined : parseListedCidr(text);
  const page = {
    limit,
    ...(feed && { feed }),
    ...(after && { after }),
    ...(about && { about }),
  };
  const found = query.has("held")
    ? agent.ledger.held(page, now)
    : agent.ledger.list(page, now);
  const mode = await modeOf(agent);
  return { status: 200, body: banPageOf(found, mode) };
}

/** How many bans `bans` would list, counted without looking at them. */
function countBans({ agent }: Asked, query: URLSearchParams): Answer {
  const feed = feedOf(query.get("feed"));
  const counts = agent.ledger
    .counts()
    .filter((each) => feed === undefined || each.feed === feed);
  const kind = query.has("held") ? "held" : "bans";
  const bans = counts.reduce((sum, each) => sum + each[kind], 0);
  return { status: 200, body: { bans } };
}

/** What the kernel does with bans; what it is to do where it can't be asked. */
async function modeOf({ ledger, enforcer }: AgentView): Promise<Mode> {
  const kernel = await enforcer.read().catch(() => undefined);
  return kernel?.at === "present" ? kernel.posture.mode : ledger.mode();
}

function mustKnow({ followed }: AgentView, feed: FeedName): void {
  const known = [...followed(), "local"];
  if (known.includes(feed)) return;
  const why = `this host follows no feed "${feed}"`;
  throw new BadQuery(`${why}; there are ${known.join(", ")}`);
}

function history({ agent }: Asked, query: URLSearchParams): Answer {
  const limit = limitOf(query.get("limit"), LONGEST_PAGE);
  return { status: 200, body: historyOf(agent, limit) };
}

function ordersGiven({ agent }: Asked, query: URLSearchParams): Answer {
  const limit = limitOf(query.get("limit"), LONGEST_PAGE);
  return { status: 200, body: ordersOf(agent, limit) };
}

async function hits(
  { agent, contacts, oneByOne }: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const limit = limitOf(query.get("limit"), MOST_HITS);
  const asked = { limit, out: query.has("out") };
  const ports = { hits: () => agent.hits(), contacts };
  const body = await oneByOne.run(() => hitsOf(ports, asked));
  return { status: 200, body };
}

async function totals({ agent }: Asked): Promise<Answer> {
  return { status: 200, body: totalsOf(await agent.enforcer.totals()) };
}

async function why(
  { agent, clock, contacts, oneByOne }: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const cidr = parseListedCidr(query.get("range") ?? "");
  const guardedBy = (range: Cidr) => agent.guardedBy(range);
  const { ledger, enforcer } = agent;
  const latest = () => contacts().latest;
  const ports = { ledger, enforcer, clock, contacts: latest, guardedBy };
  const body = await oneByOne.run(() => whyOf(cidr, ports));
  return { status: 200, body };
}

class BadQuery extends Error {
  override readonly name = "BadQuery";
}

function limitOf(text: string | null, most: number): number {
  const limit = Number(text ?? most);
  if (Number.isInteger(limit) && limit > 0 && limit <= most) return limit;
  throw new BadQuery(`limit "${text ?? ""}" is not from 1 to ${most}`);
}

function feedOf(text: string | null): FeedName | undefined {
  if (text === null) return undefined;
  if (isFeedName(text)) return text;
  throw new BadQuery(`"${text.slice(0, 64)}" is not a feed`);
}

function afterOf(text: string | null) {
  if (text === null) return undefined;
  const [feed, range] = text.split(" ");
  const name = feedOf(feed ?? "");
  if (name === undefined) throw new BadQuery("after needs a feed and a range");
  return { feed: name, cidr: parseCidr(range ?? "") };
}

const LONGEST_PAGE = 1_000;
const MOST_HITS = 10_001;
