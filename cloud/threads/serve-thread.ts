import { parentPort } from "node:worker_threads";
import { messageOf } from "../../agent/text/message.js";
import type { ThreadMessage, ThreadReply, ThreadReport } from "./messages.js";

/** What a thread does: it follows by itself, and answers questions in between. */
export interface ThreadWork<Q, A> {
  /** Takes in the next little; reports whether there was anything. */
  step(): boolean;
  answer(question: Q): A;
  close(): void;
}

/** Does the work of this thread until the other side closes it. */
export function serveThread<Q, A>(work: ThreadWork<Q, A>): void {
  const following = follow(() => work.step());
  const close = (): void => {
    following.stop();
    work.close();
    parentPort?.close();
  };
  parentPort?.on("message", (message: ThreadMessage<Q>) => {
    if (message === "close") return close();
    const { id, question } = message;
    parentPort?.postMessage(replyTo(id, () => work.answer(question)));
  });
}

function replyTo<A>(id: number, answer: () => A): ThreadReply<A> {
  try {
    return { id, answer: answer() };
  } catch (error) {
    return { id, failure: messageOf(error) };
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
