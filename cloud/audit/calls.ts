import { AsyncLocalStorage } from "node:async_hooks";
import { newId } from "../ids.js";
import {
  MOST_BEFORE_BYTES,
  type CallMade,
  type Clipped,
} from "../journal/call-events.js";
import type { Callers } from "../journal/callers.js";
import type { Decisions } from "../journal/decisions.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Caller } from "../operators/caller.js";

/** A change that somebody calls for. */
export interface Called {
  /** The `operationId`. */
  readonly operation: string;
  readonly caller: Caller;
  /** What they say why; empty: nothing. */
  readonly why: string;
}

/** A call while it is carried out. */
interface Running extends Called {
  readonly call: string;
  before: unknown;
}

/**
 * Who called for what is appended. A call goes along with all that is awaited for
 * it, through the queues of feeds as well. Who listens to a log is outside of it:
 * listeners run as they were when they subscribed.
 */
export class Calls implements Callers {
  readonly #running = new AsyncLocalStorage<Running | undefined>();

  /** All that `act` appends carries the record of the call. */
  run<T>(called: Called, act: () => Promise<T>): Promise<T> {
    const running = { ...called, call: newId("cal"), before: null };
    return this.#running.run(running, act);
  }

  /** Says what stood before, for the next append of the call; the last word counts. */
  before(stood: unknown): void {
    const running = this.#running.getStore();
    if (running !== undefined) running.before = stood;
  }

  appending<T>(
    events: readonly DecisionEvent[],
    write: (events: readonly DecisionEvent[]) => T,
  ): T {
    const running = this.#running.getStore();
    if (running === undefined || events.length === 0) return write(events);
    const written = write([recordOf(running, events.length), ...events]);
    // What comes next of the same call found what this one left.
    running.before = null;
    return written;
  }

  /** Records the call of what changed something else than the log. */
  async alone(decisions: Pick<Decisions, "append">): Promise<void> {
    const running = this.#running.getStore();
    if (running === undefined) return;
    const record = recordOf(running, 0);
    await this.#running.run(undefined, () => decisions.append([record]));
  }
}

function recordOf(running: Running, made: number): CallMade {
  const { call, operation, caller, why, before } = running;
  const { operator, name, role, org, credential, from } = caller;
  return {
    ...{ kind: "call", call, operation, operator, name, role, org },
    ...{ credential, from, why, before: clipped(before), made },
  };
}

function clipped(before: unknown): unknown {
  const json = JSON.stringify(before ?? null);
  const bytes = Buffer.byteLength(json);
  if (bytes <= MOST_BEFORE_BYTES) return before ?? null;
  const most = MOST_BEFORE_BYTES - CLIPPED_BYTES;
  return { clipped: beginning(json, most), bytes } satisfies Clipped;
}

/** Whole characters that take at most so many bytes once they stand in JSON. */
function beginning(json: string, most: number): string {
  let bytes = 0;
  let end = 0;
  for (const each of json) {
    bytes += Buffer.byteLength(JSON.stringify(each)) - 2;
    if (bytes > most) break;
    end += each.length;
  }
  return json.slice(0, end);
}

/** Of the mark around what was kept. */
const CLIPPED_BYTES = 64;
