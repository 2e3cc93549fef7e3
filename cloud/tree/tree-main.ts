import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../agent/text/message.js";
import { openDatabase } from "../journal/database.js";
import type {
  TreeAnswers,
  TreeMessage,
  TreeQuestion,
  TreeReply,
  TreeReport,
  TreeSetup,
} from "./messages.js";
import { Tree } from "./tree.js";

/**
 * The thread of the tree: it follows the decisions by itself, so that the thread with
 * the sockets never waits for a hash.
 */
function run(setup: TreeSetup): void {
  const files = {
    decisions: openDatabase(setup.decisions, "read-only"),
    observations: openDatabase(setup.observations, "read-only"),
    tree: openDatabase(setup.tree, "rebuildable"),
  };
  const tree = new Tree(files);
  const following = follow(() => tree.step());
  const close = (): void => {
    following.stop();
    for (const file of Object.values(files)) file.close();
    parentPort?.close();
  };
  parentPort?.on("message", (message: TreeMessage) => {
    if (message === "close") return close();
    const { id, question } = message;
    parentPort?.postMessage(replyTo(id, () => answerTo(tree, question)));
  });
}

function answerTo(
  tree: Tree,
  question: TreeQuestion,
): TreeAnswers[keyof TreeAnswers] {
  switch (question.ask) {
    case "state":
      return tree.state();
    case "growth":
      return tree.growth(question.from);
    case "tile":
      return tree.store.tile(question.level, question.index);
    case "bundle":
      return tree.store.bundle(question.index);
    case "digest":
      tree.catchUp();
      return tree.digest();
    case "reappeared":
      tree.catchUp();
      return tree.reappeared();
  }
}

function replyTo(id: number, work: () => unknown): TreeReply {
  try {
    return { id, answer: work() };
  } catch (error) {
    return { id, failure: messageOf(error) };
  }
}

/** A few decisions at a time, so that questions come in between. */
function follow(step: () => boolean): { stop(): void } {
  let trouble: string | undefined;
  const report = (now: string | undefined): void => {
    if (now === trouble) return;
    trouble = now;
    parentPort?.postMessage({ trouble } satisfies TreeReport);
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

/** How far the tree may lag behind the decisions. */
const FOLLOW_EVERY_MS = 1_000;

run(workerData as TreeSetup);
