import { workerData } from "node:worker_threads";
import { openDatabase } from "../journal/database.js";
import { serveThread } from "../threads/serve-thread.js";
import type { TreeAnswers, TreeQuestion, TreeSetup } from "./messages.js";
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
  serveThread<TreeQuestion, TreeAnswers[keyof TreeAnswers]>({
    step: () => tree.step(),
    answer: (question) => answerTo(tree, question),
    close: () => {
      // What was decided in the last second is in the tree when the cloud ends.
      // What finds no room is taken in at the next start.
      try {
        for (let turn = 0; turn < LAST_STEPS && tree.step(); turn += 1);
      } catch {}
      for (const file of Object.values(files)) file.close();
    },
  });
}

/** Of a tree that is far behind: a second or two. */
const LAST_STEPS = 64;

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
  }
}

run(workerData as TreeSetup);
