import { parentPort } from "node:worker_threads";
import { messageOf } from "../../agent/text/message.js";
import type { ThreadMessage, ThreadReply, ThreadReport } from "./messages.js";

/** What a thread does: it follows by itself, and answers questions in between. */
export interface ThreadWork<Q, A> {
  /** Takes in the next little; reports whether there was anything. */
  step(): boolean;
  answer(question: Q): A | Slices<A>;
  close(): void;
}

/** An answer that takes long: it yields wherever all else may have its turn. */
export class Slices<A> {
  constructor(readonly all: Generator<undefined, A>) {}
}

/** Does the work of this thread until the other side closes it. */
export function serveThread<Q, A>(work: ThreadWork<Q, A>): void {
  const following = follow(() => work.step());
  const sliced = new SlicedAnswers<A>();
  const close = (): void => {
    following.stop();
    sliced.stopAll();
    work.close();
    parentPort?.close();
  };
  parentPort?.on("message", (message: ThreadMessage<Q>) => {
    if (message === "close") return close();
    if ("stop" in message) return sliced.stop(message.stop);
    const { id, question } = message;
    reply(id, () => {
      const answer = work.answer(question);
      if (!(answer instanceof Slices)) return { answer };
      sliced.begin(id, answer.all);
      return undefined;
    });
  });
}

/** Answers on their way, a slice of each in its turn. */
class SlicedAnswers<A> {
  readonly #running = new Map<number, Slices<A>["all"]>();
  #next: NodeJS.Immediate | undefined;

  begin(id: number, slices: Slices<A>["all"]): void {
    this.#running.set(id, slices);
    this.#next ??= setImmediate(() => this.#turn());
  }

  stop(id: number): void {
    this.#running.delete(id);
  }

  stopAll(): void {
    this.#running.clear();
    clearImmediate(this.#next);
  }

  #turn(): void {
    this.#next = undefined;
    const [first] = this.#running;
    if (first === undefined) return;
    const [id, slices] = first;
    this.#running.delete(id);
    reply(id, () => {
      const slice = slices.next();
      if (slice.done === true) return { answer: slice.value };
      this.#running.set(id, slices); // behind the others
      return undefined;
    });
    this.#next = setImmediate(() => this.#turn());
  }
}

/** Says the answer, should there be one yet, or why there will be none. */
function reply(
  id: number,
  answered: () => { readonly answer: unknown } | undefined,
): void {
  const say = (told: ThreadReply<unknown>) => parentPort?.postMessage(told);
  try {
    const told = answered();
    if (told !== undefined) say({ id, ...told });
  } catch (error) {
    say({ id, failure: messageOf(error) });
  }
}

/** A little at a time, so that questions come in between. */
function follow(step: () => boolean): { stop(): void } {
  let trouble: string | undefined;
  const report = (now: string | undefined): void => {
    if (now === trouble) return;
    trouble = now;
    parentPort?.postMessage({ trouble } satisfies ThreadReport);
  };
  const next = (): void => {
    let more = false;
    try {
      more = step();
      report(undefined);
    } catch (error) {
      report(messageOf(error));
    }
    timer = setTimeout(next, more ? 0 : FOLLOW_EVERY_MS);
  };
  let timer = setTimeout(next, 0);
  return { stop: () => clearTimeout(timer) };
}

/** How far a thread may lag behind what it follows, unless it is asked. */
const FOLLOW_EVERY_MS = 1_000;
