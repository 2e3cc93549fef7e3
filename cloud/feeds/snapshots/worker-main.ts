import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../../agent/text/message.js";
import { keyFromPem } from "../../../agent/trust/keys.js";
import { openDatabase } from "../../journal/database.js";
import {
  decisionReader,
  lastDecision,
} from "../../journal/sqlite-decisions.js";
import { Folder } from "../../journal/view.js";
import { listBans } from "./ban-listing.js";
import { BanLookup } from "./ban-lookup.js";
import { BanState } from "./ban-state.js";
import { bansTables } from "./bans.projection.js";
import { ListState } from "./lists.projection.js";
import type {
  StateAnswer,
  StateMessage,
  StateQuestion,
  StateReport,
  StateRequest,
  StateSetup,
} from "./messages.js";
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
  const following = follow(() => folder.step(read));

  const answer = ({ id, question }: StateRequest): StateAnswer => {
    // What is asked about bans is asked about all that was decided until now.
    if (question.ask !== "snapshots" && question.ask !== "sign-with") {
      folder.catchUp(read);
    }
    switch (question.ask) {
      case "snapshots":
        return { id, snapshots: shelf.entries() };
      case "sign-with":
        shelf.signWith(question.contentKeys.map(keyFromPem));
        return { id, snapshots: shelf.entries() };
      case "build": {
        const built = shelf.build(question.feed, question.now);
        return { id, built, snapshots: shelf.entries() };
      }
      case "counts":
        return { id, counts: state.counts() };
      case "caught-up":
        return { id, caughtUp: true };
      case "bans":
        return { id, page: listBans(lookup, question.query) };
      case "brought":
        return { id, brought: lists.brought(question.of) };
      case "covered":
        return { id, coveredUntil: coveredUntil(state, question) };
    }
  };
  const close = (): void => {
    following.stop();
    bans.close();
    decisions.close();
    parentPort?.close();
  };
  parentPort?.on("message", (message: StateMessage) => {
    if (message === "close") close();
    else parentPort?.postMessage(orFailure(message.id, () => answer(message)));
  });
}

const coveredUntil = (
  state: BanState,
  { feeds, range }: StateQuestion & { readonly ask: "covered" },
): number =>
  Math.max(0, ...feeds.map((feed) => state.coveredUntil(feed, range)));

/** A few events at a time, so that questions come in between. */
function follow(step: () => boolean): { stop(): void } {
  let trouble: string | undefined;
  const report = (now: string | undefined): void => {
    if (now === trouble) return;
    trouble = now;
    parentPort?.postMessage({ trouble } satisfies StateReport);
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

/** How far it may lag behind the decisions: before a question it catches up first. */
const FOLLOW_EVERY_MS = 1_000;

function orFailure(id: number, work: () => StateAnswer): StateAnswer {
  try {
    return work();
  } catch (error) {
    return { id, failure: messageOf(error) };
  }
}

run(workerData as StateSetup);
