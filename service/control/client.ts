import { userInfo } from "node:os";
import type { Readable } from "node:stream";
import { printable } from "../../agent/log/printable.js";
import {
  Failure,
  exitCodes,
  failed,
  misused,
} from "../../agent/text/failure.js";
import { DRY_RUN } from "./dry-run.js";
import { READERS, readersSocket } from "./readers-socket.js";
import { IN_LINES, type Answer, type ReplyLine } from "./reply.js";
import { ask, NoHttp, type WireAnswer, type WireRequest } from "./wire.js";

/** Nobody answers at the control socket. */
export class NoAgent extends Failure {
  constructor(message: string, cause: unknown) {
    super(message, exitCodes.failed, { cause });
  }
}

/** This user may not open the socket. */
class NotAllowed extends Failure {
  constructor(socketPath: string, cause: unknown) {
    super(
      `permission denied at ${socketPath}: orders are root's; run it with sudo`,
      exitCodes.failed,
      { cause },
    );
  }
}

/**
 * Asks the running agent over its control socket, or over that for readers where
 * this user may not open it.
 * @throws Failure with what to do; `NoAgent` when no agent runs
 */
export async function askAgent(
  socketPath: string,
  path: string,
): Promise<unknown> {
  try {
    return await speakTo(socketPath, { path });
  } catch (error) {
    if (!(error instanceof NotAllowed)) throw error;
    return askAsReader(socketPath, path);
  }
}

/** Of the socket for who may only look, where this user may open that one. */
async function askAsReader(socket: string, path: string): Promise<unknown> {
  try {
    return await speakTo(readersSocket(socket), { path });
  } catch (error) {
    if (!(error instanceof NotAllowed || error instanceof NoAgent)) throw error;
    throw failed(
      `permission denied at ${socket}: run it with sudo, or as a member of group ${READERS}, who may look (sudo adduser ${nameOfUser()} ${READERS}, then log in again)`,
      error,
    );
  }
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "NAME"; // of nobody that this host knows
  }
}

/**
 * Orders something of the running agent over its control socket, and tells on the
 * way how far an order has come that takes a while. What is in force until the agent ends, and
 * no longer, is said on standard error.
 * @throws Failure, also when the agent refused or could not do it
 */
export async function orderAgent(
  socketPath: string,
  path: string,
  order: unknown,
): Promise<unknown> {
  const body = JSON.stringify(order);
  const done = await speakTo(socketPath, { path, method: "POST", body });
  const { untilRestart = [] } = done as { untilRestart?: readonly string[] };
  if (untilRestart.length > 0) {
    process.stderr.write(
      `in force only until the agent restarts, as its state folder takes nothing: ${untilRestart.join(", ")}\n`,
    );
  }
  return done;
}

/**
 * Hands the running agent the bytes of a file, which it may not see itself.
 * @throws Failure, also when the agent refused them
 */
export async function handToAgent(
  socketPath: string,
  { path, body, size, dryRun }: HandedFile,
): Promise<unknown> {
  // Loaded only here: every other command starts faster without it.
  const { handOver } = await import("./hand-over.js");
  const headers = { "content-length": size, [DRY_RUN]: String(dryRun) };
  return speakTo(socketPath, { path, method: "POST", headers }, (what) =>
    handOver(socketPath, what, body, TIMEOUT_MS),
  );
}

export interface HandedFile {
  readonly path: string;
  readonly body: Readable;
  /** In bytes. */
  readonly size: number;
  readonly dryRun: boolean;
}

async function speakTo(
  socketPath: string,
  what: WireRequest,
  by: Way = (request) => ask(socketPath, request, TIMEOUT_MS),
): Promise<unknown> {
  const headers = { accept: IN_LINES, ...what.headers };
  const { status, body } = await answerOf(socketPath, () =>
    by({ ...what, headers }),
  );
  if (status === 200) return body;
  const { error } = body as { error: string };
  throw status === 400 ? misused(error) : failed(error);
}

type Way = (request: WireRequest) => Promise<WireAnswer>;

/** Whatever is said before the answer is for whoever waits for it. */
async function answerOf(
  socketPath: string,
  say: () => Promise<WireAnswer>,
): Promise<Answer> {
  try {
    const said = await say();
    const answer =
      said.contentType === IN_LINES ? await lastOf(said) : await wholeOf(said);
    if (answer !== undefined) return answer;
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof NoHttp) {
      throw failed(`what answers at ${socketPath} is no agent`, cause);
    }
    throw explain(cause as NodeJS.ErrnoException, socketPath);
  }
  throw failed(`the agent at ${socketPath} ended before it had answered`);
}

/** Undefined where it is cut short. */
async function wholeOf(said: WireAnswer): Promise<Answer | undefined> {
  const { status, length } = said;
  const chunks: string[] = [];
  for await (const chunk of said.body) chunks.push(chunk);
  const text = chunks.join("");
  if (length !== undefined && Buffer.byteLength(text) < length)
    return undefined;
  return { status, body: JSON.parse(text) as unknown };
}

async function lastOf({ body }: WireAnswer): Promise<Answer | undefined> {
  let begun = "";
  for await (const chunk of body) {
    const lines = (begun + chunk).split("\n");
    begun = lines.pop() ?? "";
    for (const text of lines) {
      const line = JSON.parse(text) as ReplyLine;
      if ("status" in line) return line;
      process.stderr.write(
        `tourniquet: still working: ${printable(line.working)}\n`,
      );
    }
  }
  return undefined;
}

function explain(error: NodeJS.ErrnoException, socketPath: string): Failure {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return new NoAgent(
        `no agent is running (nothing answers at ${socketPath}); start it: systemctl start tourniquet, or, where it is no service, tourniquet run`,
        error,
      );
    case "EACCES":
    case "EPERM":
      return new NotAllowed(socketPath, error);
    default:
      return failed(
        `the agent at ${socketPath} did not answer: ${error.message}`,
        error,
      );
  }
}

/** Without a word; an agent that works on an answer says so each second. */
const TIMEOUT_MS = 30_000;
