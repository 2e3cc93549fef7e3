import { InvalidArgumentError } from "commander";
import { decisionOf, type DecisionTold } from "./ask-decisions.js";
import { CloudRefused, type Client } from "./client.js";
import { isSettled } from "./told-hosts.js";

/**
 * Waits until all hosts have answered that can be expected to, but not for ever: of
 * several decisions one after the other, since the cloud looks so, too.
 */
export async function waitForHosts(
  client: Client,
  decisions: readonly string[],
  waitMs: number,
): Promise<readonly DecisionTold[]> {
  const deadline = Date.now() + waitMs;
  const found: DecisionTold[] = [];
  for (const each of decisions)
    found.push(await settled(client, each, deadline));
  return found;
}

async function settled(
  client: Client,
  decision: string,
  deadline: number,
): Promise<DecisionTold> {
  for (;;) {
    const asked = Date.now();
    const answer = await answered(client, decision, deadline);
    const now = Date.now();
    const isOver = answer?.hosts.every((host) => isSettled(host, now)) ?? false;
    if (answer && (isOver || now >= deadline)) return answer;
    // Many hosts take the cloud a while to look through.
    const pauseMs = Math.max(LOOK_EVERY_MS, 2 * (now - asked));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Undefined where the cloud has enough to look through just now. */
async function answered(
  client: Client,
  decision: string,
  deadline: number,
): Promise<DecisionTold | undefined> {
  try {
    return await decisionOf(client, decision);
  } catch (error) {
    const isBusy = error instanceof CloudRefused && error.status === 429;
    if (isBusy && Date.now() < deadline) return undefined;
    throw error;
  }
}

const LOOK_EVERY_MS = 50;

/** Longer than any agent takes that is there at all. */
const USUAL_WAIT_MS = 10_000;

export const WAIT_HELP =
  "wait until hosts have answered, 10s unless you say how long (500ms, 10s, 2m)";

/** What follows `--wait`, as milliseconds. */
export function waitMsOf(text: string): number {
  const [, digits, unit] = TIME.exec(text) ?? [];
  const unitMs = { ms: 1, s: 1_000, m: 60_000 }[unit ?? ""];
  const ms = Number(digits) * (unitMs ?? NaN);
  if (ms > 0 && ms <= LONGEST_WAIT_MS) return ms;
  throw new InvalidArgumentError("write 500ms, 10s or 2m, an hour at most.");
}

/** Undefined without `--wait`. */
export const waitOf = (wait: true | number | undefined): number | undefined =>
  wait === true ? USUAL_WAIT_MS : wait;

/** `--wait 203.0.113.7` names no time: what follows is a range. */
export const withPlainWait = (args: readonly string[]): readonly string[] =>
  args.map((arg, at) => {
    const next = args[at + 1];
    const isPlain = arg === "--wait" && next !== undefined && isRange(next);
    return isPlain ? `--wait=${USUAL_WAIT_MS}ms` : arg;
  });

const isRange = (text: string): boolean => /[.:]/.test(text);

const TIME = /^(\d{1,7})(ms|s|m)$/;

const LONGEST_WAIT_MS = 60 * 60 * 1000;
