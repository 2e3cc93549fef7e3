import { mkdirSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { AgentOrders, AgentView } from "../../agent/agent.js";
import { NotEnforced } from "../../agent/enforce/enforcer.js";
import { KeyIsFixed } from "../../agent/keyring/device-keys.js";
import { LedgerFull } from "../../agent/ledger/damage.js";
import {
  InvalidCidr,
  parseCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { Mode } from "../../agent/model/mode.js";
import { isFeedName, type FeedName } from "../../agent/model/position.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { unixSeconds, type BanClock } from "../../agent/runtime/clock.js";
import { Mutex } from "../../agent/runtime/mutex.js";
import { messageOf } from "../../agent/text/message.js";
import { isUntimely } from "../../agent/walks/operator/operator-orders.js";
import { applyBundle } from "./carrying.js";
import { historyOf, ordersOf, releasesOf } from "./history-view.js";
import { hitsOf, totalsOf } from "./hits-view.js";
import { banPageOf, telemetryOf } from "./list-views.js";
import { NeedsWide, orders, type Giver } from "./orders.js";
import { peerOf } from "./peer.js";
import { positionsOf } from "./positions.js";
import type { Reloaded } from "./reload-view.js";
import { Reply, type Answer } from "./reply.js";
import { listen, removeStale } from "./socket.js";
import { statusOf } from "./status-view.js";
import { whyOf } from "./why-view.js";

/** What `tourniquet status` and its like are answered from, and ordered of. */
export interface ControlOptions {
  readonly socketPath: string;
  readonly agent: AgentView & AgentOrders;
  readonly clock: BanClock;
  readonly version: string;
  /** Reads the configuration anew; absent where there is none to read. */
  readonly reload?: () => Promise<Reloaded>;
}

/** Long answers are made one by one: many at once would fill the heap. */
interface Asked extends ControlOptions {
  readonly oneByOne: Mutex;
}

/**
 * Answers over a unix socket that only root and the agent's own user may open:
 * whoever can connect may ask and order everything that there is here.
 */
export async function startControlServer(
  ports: ControlOptions,
): Promise<AsyncDisposable> {
  const options: Asked = { ...ports, oneByOne: new Mutex() };
  const { socketPath } = options;
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o750 });
  await removeStale(socketPath);
  const server = createServer((request, response) => {
    const reply = new Reply(request, response);
    void reply.with(answer(options, request, reply.tell));
  });
  await listen(server, socketPath);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: Asked,
  request: IncomingMessage,
  tell: Giver["tell"],
): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://control");
  if (request.method === "POST") {
    return carryOut(options, { url, request, tell });
  }
  if (request.method !== "GET") {
    return wrong(405, "only GET and POST are understood");
  }
  if (url.pathname === "/v1/status") {
    return { status: 200, body: await statusOf(options) };
  }
  if (url.pathname === "/v1/receipts") {
    return { status: 200, body: options.agent.carried.receipts() };
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

interface Posted extends Pick<Giver, "tell"> {
  readonly url: URL;
  readonly request: IncomingMessage;
}

async function carryOut(
  { agent, reload }: ControlOptions,
  { url: { pathname }, request, tell }: Posted,
): Promise<Answer> {
  if (pathname === "/v1/rekey") return rekey(agent);
  if (pathname === "/v1/reload") return readAnew(reload);
  if (pathname === "/v1/apply") return applyBundle(agent, request, tell);
  const order = orders.get(pathname);
  if (order === undefined) return wrong(404, `${pathname} takes no orders`);
  try {
    const length = Number(request.headers["content-length"]);
    if (!(length <= LONGEST_ORDER)) return wrong(413, "no order is so long");
    const by = await peerOf(request.socket);
    const done = await order(agent.orders, await text(request), { by, tell });
    return { status: 200, body: withStorage(done, agent) };
  } catch (error) {
    if (MEANINGLESS.some((kind) => error instanceof kind)) {
      return wrong(400, messageOf(error));
    }
    if (isUntimely(error)) return wrong(409, error.message);
    if (error instanceof LedgerFull) return wrong(507, noRoomFor(error));
    if (!(error instanceof NotEnforced)) throw error;
    return wrong(503, `${error.message}; the agent goes on trying`);
  }
}

/** What was ordered is in force; what nothing but the agent remembers is said. */
function withStorage(done: unknown, agent: AgentView): unknown {
  const { untilRestart } = agent.storage();
  if (untilRestart.length === 0 || typeof done !== "object") return done;
  return { ...done, untilRestart };
}

const noRoomFor = ({ message }: LedgerFull): string =>
  `${message}; nothing was changed. These need no room: tourniquet observe, enforce, pause, release`;

/** What is refused is the asker's to mend; the one before counts. */
async function readAnew(reload: ControlOptions["reload"]): Promise<Answer> {
  if (reload === undefined) return wrong(404, "there is nothing to read anew");
  try {
    return { status: 200, body: await reload() };
  } catch (error) {
    if (error instanceof NotEnforced) return wrong(503, error.message);
    return wrong(400, messageOf(error));
  }
}

async function rekey({ rekeying }: AgentOrders): Promise<Answer> {
  try {
    return { status: 200, body: { key: await rekeying.rekey() } };
  } catch (error) {
    if (error instanceof KeyIsFixed) return wrong(409, error.message);
    return wrong(503, `no new key: ${messageOf(error)}`);
  }
}

/** What is wrong with a question is the answer to it. */
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
  { agent, clock }: ControlOptions,
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
function countBans({ agent }: ControlOptions, query: URLSearchParams): Answer {
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

function history({ agent }: ControlOptions, query: URLSearchParams): Answer {
  const limit = limitOf(query.get("limit"), LONGEST_PAGE);
  return { status: 200, body: historyOf(agent, limit) };
}

function ordersGiven(
  { agent }: ControlOptions,
  query: URLSearchParams,
): Answer {
  const limit = limitOf(query.get("limit"), LONGEST_PAGE);
  return { status: 200, body: ordersOf(agent, limit) };
}

async function hits(
  { agent, oneByOne }: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const limit = limitOf(query.get("limit"), MOST_HITS);
  const asked = { limit, out: query.has("out") };
  const body = await oneByOne.run(() => hitsOf(agent, asked));
  return { status: 200, body };
}

async function totals({ agent }: ControlOptions): Promise<Answer> {
  return { status: 200, body: totalsOf(await agent.enforcer.totals()) };
}

async function why(
  { agent, clock, oneByOne }: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const cidr = parseListedCidr(query.get("range") ?? "");
  const contacts = () => agent.contacts().latest;
  const guardedBy = (range: Cidr) => agent.guardedBy(range);
  const { ledger, enforcer } = agent;
  const ports = { ledger, enforcer, clock, contacts, guardedBy };
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

/** What was ordered is no order. */
const MEANINGLESS = [Malformed, InvalidCidr, NeedsWide];

const wrong = (status: number, error: string): Answer => ({
  status,
  body: { error },
});

const LONGEST_PAGE = 1_000;
const MOST_HITS = 10_001;

/** Bytes; nothing that goes beyond is read. */
const LONGEST_ORDER = 1_024;
