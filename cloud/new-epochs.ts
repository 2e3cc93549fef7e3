import { mkdirSync } from "node:fs";
import type { Logger } from "../agent/log/logger.js";
import type { Op } from "../agent/model/ban.js";
import { NO_HASH, type FeedName } from "../agent/model/position.js";
import { unixSeconds, type Clock } from "../agent/runtime/clock.js";
import type { CloudConfig } from "./cloud.js";
import { sealChain, type ChainTerms } from "./feeds/chain.js";
import { feedBegun } from "./feeds/feeds.js";
import { BanState } from "./feeds/snapshots/ban-state.js";
import { bansTables } from "./feeds/snapshots/bans.projection.js";
import { filesOf, type Files } from "./folder.js";
import { newId } from "./ids.js";
import { holdAlone, removeDatabase } from "./journal/database.js";
import type { DecisionEvent, Erased } from "./journal/decision-events.js";
import { lostView, setAside } from "./journal/lost-view.js";
import { splitJournal } from "./journal/split-journal.js";
import { SqliteDecisions } from "./journal/sqlite-decisions.js";
import { SqliteObservations } from "./journal/sqlite-observations.js";
import { View } from "./journal/view.js";
import { eraseAgain } from "./tree/erase-again.js";
import { erasuresInFile } from "./tree/erasures.projection.js";
import { logBegun } from "./tree/log-begun.js";

/** What a feed's new history starts from. */
export interface Renewed {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly bans: number;
}

/**
 * For decisions that lost their end: every feed begins a new epoch with the bans
 * that are known of, so that agents ask for them whatever they hold.
 * One append: all feeds, or none. The cloud must not run.
 */
export async function beginNewEpochs(
  { dir, signing }: Pick<CloudConfig, "dir" | "signing">,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<readonly Renewed[]> {
  const files = filesOf(dir);
  using _held = holdAlone(files.lock);
  mkdirSync(files.observationsDir, { recursive: true, mode: 0o700 });
  await splitJournal(files, log);
  // They may know of what the decisions lost.
  for (const path of [files.bans, files.tree]) removeDatabase(path);
  using decisions = SqliteDecisions.open(files.decisions, clock);
  using observations = SqliteObservations.open(files.observations, clock);
  using view = await View.open(files.bans, decisions, [bansTables]);
  const state = new BanState(view.database);
  const seen = observations.level;
  const terms = { issuedAt: clock.now(), sign: signing.sign, seen };
  const renewals = state
    .feeds()
    .map((feed) => renewalOf(feed, opsOf(state, feed, clock), terms));
  const erased = erasuresLost(files, decisions.level);
  const begun = renewals.flatMap((each) => each.events);
  const last = decisions.level;
  setAside(files.view, last);
  await decisions.append([logBegun(), ...erased, ...begun]);
  const { observed } = files;
  await eraseAgain(erased, { decisions, observations, observed, log });
  removeDatabase(lostView(files.view, last));
  return renewals.map(({ renewed }) => renewed);
}

/** What was erased after the copy was made, of what the copy brought back. */
const erasuresLost = ({ view }: Files, last: number): readonly Erased[] =>
  [lostView(view, last), view]
    .flatMap((file) => erasuresInFile(file, last))
    .filter(({ of, seq }) => of === "observations" || seq <= last);

function renewalOf(
  feed: FeedName,
  ops: Iterable<Op>,
  { seen, ...terms }: Omit<ChainTerms, "decision"> & { readonly seen: number },
): { readonly renewed: Renewed; readonly events: readonly DecisionEvent[] } {
  const begun = feedBegun(feed);
  const { epoch } = begun;
  const decision = newId("dec");
  const start = { feed, epoch, offset: 0, hash: NO_HASH };
  const segments = [...sealChain(start, ops, { ...terms, decision })];
  const bans = segments.at(-1)?.last ?? 0;
  const renewed = { feed, epoch, bans };
  if (bans === 0) return { renewed, events: [begun] };
  const decided: DecisionEvent = {
    ...{ kind: "decided", decision, action: "import", feed },
    ...{ by: "new-epoch", ranges: bans, reason: "", seen },
  };
  return { renewed, events: [begun, decided, ...segments] };
}

function* opsOf(state: BanState, feed: FeedName, clock: Clock): Generator<Op> {
  const groups = state.groups(feed, unixSeconds(clock.now()));
  for (const { bans, observed } of groups) {
    for (const ban of bans) yield { op: "ban", ...ban, observed };
  }
}
