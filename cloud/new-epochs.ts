import type { Op } from "../agent/model/ban.js";
import { NO_HASH, type FeedName } from "../agent/model/position.js";
import { unixSeconds, type Clock } from "../agent/runtime/clock.js";
import type { CloudConfig } from "./cloud.js";
import { sealChain } from "./feeds/chain.js";
import { feedBegun } from "./feeds/feeds.js";
import { BanState } from "./feeds/snapshots/ban-state.js";
import { bansTables } from "./feeds/snapshots/bans.projection.js";
import { filesOf } from "./folder.js";
import { newId } from "./ids.js";
import { holdAlone, removeDatabase } from "./journal/database.js";
import type { Event } from "./journal/events.js";
import { SqliteJournal } from "./journal/sqlite-journal.js";
import { View } from "./journal/view.js";

/** What a feed's new history starts from. */
export interface Renewed {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly bans: number;
}

/**
 * For a journal that lost its end: every feed begins a new epoch with the bans
 * that the journal knows of, so that agents ask for them whatever they hold.
 * One append: all feeds, or none. The cloud must not run.
 */
export function beginNewEpochs(
  { dir, signing }: Pick<CloudConfig, "dir" | "signing">,
  clock: Clock,
): readonly Renewed[] {
  const files = filesOf(dir);
  using _held = holdAlone(files.lock);
  // They may know of what the journal lost.
  for (const path of [files.view, files.bans]) removeDatabase(path);
  using journal = SqliteJournal.open(files.journal, clock);
  using view = View.open(files.bans, journal, [bansTables]);
  const state = new BanState(view.database);
  const terms = { issuedAt: clock.now(), sign: signing.sign };
  const renewals = state
    .feeds()
    .map((feed) => renewalOf(feed, opsOf(state, feed, clock), terms));
  journal.append(renewals.flatMap(({ events }) => events));
  return renewals.map(({ renewed }) => renewed);
}

function renewalOf(
  feed: FeedName,
  ops: Iterable<Op>,
  terms: Omit<Parameters<typeof sealChain>[2], "decision">,
): { readonly renewed: Renewed; readonly events: readonly Event[] } {
  const begun = feedBegun(feed);
  const { epoch } = begun;
  const decision = newId("dec");
  const start = { feed, epoch, offset: 0, hash: NO_HASH };
  const segments = [...sealChain(start, ops, { ...terms, decision })];
  const bans = segments.at(-1)?.last ?? 0;
  const renewed = { feed, epoch, bans };
  if (bans === 0) return { renewed, events: [begun] };
  const decided: Event = {
    ...{ kind: "decided", decision, action: "import", feed },
    ...{ by: "new-epoch", ranges: bans, reason: "" },
  };
  return { renewed, events: [begun, decided, ...segments] };
}

function* opsOf(state: BanState, feed: FeedName, clock: Clock): Generator<Op> {
  const groups = state.groups(feed, unixSeconds(clock.now()));
  for (const { bans, observed } of groups) {
    for (const ban of bans) yield { op: "ban", ...ban, observed };
  }
}
