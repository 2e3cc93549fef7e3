import { workerData } from "node:worker_threads";
import { keyFromPem } from "../../../agent/trust/keys.js";
import { openDatabase, type Database } from "../../journal/database.js";
import {
  decisionReader,
  lastDecision,
} from "../../journal/sqlite-decisions.js";
import { Folder } from "../../journal/view.js";
import { serveThread, Slices } from "../../threads/serve-thread.js";
import { Browser } from "../catalogue/browser.js";
import type { Browse } from "../catalogue/browsing.js";
import { Catalogue } from "../catalogue/catalogue.js";
import { Texts } from "../catalogue/texts.js";
import { listBans } from "./ban-listing.js";
import { BanLookup } from "./ban-lookup.js";
import { BanState } from "./ban-state.js";
import { bansTablesTold } from "./bans.projection.js";
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
  const catalogue = new Catalogue(bans, { feeds: () => lookup.feeds() });
  const fold = foldOf(bans, decisions, catalogue);
  // Now its tables are there.
  const lookup = new BanLookup(bans);
  const answer = answersFrom(bans, { lookup, catalogue }, setup);
  serveThread<StateQuestion, StateAnswer>({
    step: () => fold.step() || catalogue.prepare(),
    answer: (question) => {
      // What is asked about bans is asked about all that was decided until now.
      if (question.ask !== "snapshots" && question.ask !== "sign-with") {
        while (fold.step());
      }
      return answer(question);
    },
    close: () => {
      bans.close();
      decisions.close();
    },
  });
}

/** Takes in what was decided, into tables and catalogue. */
function foldOf(bans: Database, decisions: Database, catalogue: Catalogue) {
  const tables = bansTablesTold(catalogue);
  const folder = new Folder(bans, [tables], lastDecision(decisions));
  const read = decisionReader(decisions);
  return {
    step(): boolean {
      try {
        return folder.step(read);
      } catch (error) {
        // The tables are as before, and the catalogue was told of more.
        catalogue.forget();
        throw error;
      }
    },
  };
}

function answersFrom(
  bans: Database,
  {
    lookup,
    catalogue,
  }: { readonly lookup: BanLookup; readonly catalogue: Catalogue },
  setup: StateSetup,
) {
  const state = new BanState(bans);
  const lists = new ListState(bans);
  const browser = new Browser(catalogue, lookup, new Texts(bans));
  const shelf = new SnapshotShelf(bans, state, {
    files: new SnapshotFiles(setup.snapshots),
    keys: setup.contentKeys.map(keyFromPem),
  });
  return (question: StateQuestion): StateAnswer | Slices<StateAnswer> => {
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
      case "browse":
        return new Slices(windowOf(browser, question.of));
      case "brought":
        return { brought: lists.brought(question.of) };
      case "holding":
        return { holding: lists.holding(question.of) };
      case "covered":
        return { coveredUntil: coveredUntil(state, question) };
    }
  };
}

function* windowOf(
  browser: Browser,
  of: Browse,
): Generator<undefined, StateAnswer> {
  return { window: yield* browser.browse(of) };
}

const coveredUntil = (
  state: BanState,
  { feeds, range }: StateQuestion & { readonly ask: "covered" },
): number =>
  Math.max(0, ...feeds.map((feed) => state.coveredUntil(feed, range)));

run(workerData as StateSetup);
