import { workerData } from "node:worker_threads";
import { keyFromPem } from "../../../agent/trust/keys.js";
import { openDatabase } from "../../journal/database.js";
import {
  decisionReader,
  lastDecision,
} from "../../journal/sqlite-decisions.js";
import { Folder } from "../../journal/view.js";
import { serveThread } from "../../threads/serve-thread.js";
import { listBans } from "./ban-listing.js";
import { BanLookup } from "./ban-lookup.js";
import { BanState } from "./ban-state.js";
import { bansTables } from "./bans.projection.js";
import { ListState } from "./lists.projection.js";
import type { StateAnswer, StateQuestion, StateSetup } from "./messages.js";
import { SnapshotShelf } from "./snapshot-cache.js";
import { SnapshotFiles } from "./snapshot-files.js";

/**
 * The thread that holds millions of bans: it follows the decisions by itself and
 * builds snapshots, so that the thread with the sockets never waits for either.
 */
function run(setup: StateSetup): void {
  const decisions = openDatabase(setup.decisions, "read-only");
  const bans = openDatabase(setup.bans, "rebuildable");
  const folder = new Folder(bans, [bansTables], lastDecision(decisions));
  const read = decisionReader(decisions);
  const state = new BanState(bans);
  const lists = new ListState(bans);
  const lookup = new BanLookup(bans);
  const shelf = new SnapshotShelf(bans, state, {
    files: new SnapshotFiles(setup.snapshots),
    keys: setup.contentKeys.map(keyFromPem),
  });

  const answer = (question: StateQuestion): StateAnswer => {
    // What is asked about bans is asked about all that was decided until now.
    if (question.ask !== "snapshots" && question.ask !== "sign-with") {
      folder.catchUp(read);
    }
    switch (question.ask) {
      case "snapshots":
        return { snapshots: shelf.entries() };
      case "sign-with":
        shelf.signWith(question.contentKeys.map(keyFromPem));
        return { snapshots: shelf.entries() };
      case "build": {
        const built = shelf.build(question.feed, question.now);
        return { built, snapshots: shelf.entries() };
      }
      case "counts":
        return { counts: state.counts() };
      case "caught-up":
        return { caughtUp: true };
      case "bans":
        return { page: listBans(lookup, question.query) };
      case "brought":
        return { brought: lists.brought(question.of) };
      case "holding":
        return { holding: lists.holding(question.of) };
      case "covered":
        return { coveredUntil: coveredUntil(state, question) };
    }
  };
  serveThread({
    step: () => folder.step(read),
    answer,
    close: () => {
      bans.close();
      decisions.close();
    },
  });
}

const coveredUntil = (
  state: BanState,
  { feeds, range }: StateQuestion & { readonly ask: "covered" },
): number =>
  Math.max(0, ...feeds.map((feed) => state.coveredUntil(feed, range)));

run(workerData as StateSetup);
