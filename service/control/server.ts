import { mkdirSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { AgentOrders, AgentView } from "../../agent/agent.js";
import { NotEnforced } from "../../agent/enforce/enforcer.js";
import { KeyIsFixed } from "../../agent/keyring/device-keys.js";
import { LedgerFull } from "../../agent/ledger/damage.js";
import { InvalidCidr } from "../../agent/model/cidr.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import type { BanClock } from "../../agent/runtime/clock.js";
import { Mutex } from "../../agent/runtime/mutex.js";
import { messageOf } from "../../agent/text/message.js";
import { isUntimely } from "../../agent/walks/operator/operator-orders.js";
import { applyBundle } from "./carrying.js";
import { NeedsWide, orders, type Giver } from "./orders.js";
import { peerOf } from "./peer.js";
import { answerTo, type Asked } from "./questions.js";
import type { Refused, Reloaded } from "./reload-view.js";
import { Reply, wrong, type Answer } from "./reply.js";
import { listen, removeStale } from "./socket.js";

/** What `tourniquet status` and its like are answered from, and ordered of. */
export interface ControlOptions {
  readonly socketPath: string;
  readonly agent: AgentView & AgentOrders;
  readonly clock: BanClock;
  readonly version: string;
  /** What was read last and not taken. */
  readonly refused?: () => Refused | undefined;
  /** Reads the configuration anew; absent where there is none to read. */
  readonly reload?: () => Promise<Reloaded>;
  /** What an upgrade orders, by the path that it is posted to. */
  readonly upgrade?: ReadonlyMap<string, (body: string) => Promise<object>>;
}

/**
 * Answers over a unix socket that only root and the agent's own user may open:
 * whoever can connect may ask and order everything that there is here.
 */
export async function startControlServer(
  ports: ControlOptions,
): Promise<AsyncDisposable> {
  const { socketPath, agent } = ports;
  const contacts = () => agent.contacts();
  const options = { ...ports, contacts, oneByOne: new Mutex() };
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
  options: ControlOptions & Asked,
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
  return answerTo(options, url);
}

interface Posted extends Pick<Giver, "tell"> {
  readonly url: URL;
  readonly request: IncomingMessage;
}

async function carryOut(
  { agent, reload, upgrade }: ControlOptions,
  posted: Posted,
): Promise<Answer> {
  const { request, tell } = posted;
  const { pathname } = posted.url;
  if (pathname === "/v1/rekey") return rekey(agent);
  if (pathname === "/v1/reload") return readAnew(reload);
  if (pathname === "/v1/apply") return applyBundle(agent, request, tell);
  const length = Number(request.headers["content-length"]);
  if (!(length <= LONGEST_ORDER)) return wrong(413, "no order is so long");
  const step = upgrade?.get(pathname);
  if (step !== undefined) {
    return orFailed(async () => step(await text(request)));
  }
  return giveOrder(agent, posted);
}

async function giveOrder(
  agent: AgentView & AgentOrders,
  { url: { pathname }, request, tell }: Posted,
): Promise<Answer> {
  const order = orders.get(pathname);
  if (order === undefined) return wrong(404, `${pathname} takes no orders`);
  try {
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

async function orFailed(act: () => Promise<object>): Promise<Answer> {
  try {
    return { status: 200, body: await act() };
  } catch (error) {
    return wrong(503, messageOf(error));
  }
}

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

/** What was ordered is no order. */
const MEANINGLESS = [Malformed, InvalidCidr, NeedsWide];

/** Bytes; nothing that goes beyond is read. */
const LONGEST_ORDER = 1_024;
