import { chmodSync, mkdirSync } from "node:fs";
import type { Logger } from "../agent/log/logger.js";
import type { FeedName } from "../agent/model/position.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import { Approvals } from "./approvals/approvals.js";
import { approvalTables } from "./approvals/approvals.projection.js";
import { DecisionLog } from "./decide/decision-log.js";
import { decisionTables } from "./decide/decision-log.projection.js";
import { holdTables } from "./decide/holds.projection.js";
import { proposalTables } from "./decide/proposals.projection.js";
import { standingTables } from "./decide/standing.projection.js";
import { Disk, type DiskSettings } from "./disk/disk.js";
import { withRoom } from "./disk/room.js";
import { EVERYBODYS } from "./feeds/audience.js";
import { FeedIndex } from "./feeds/feed-index.js";
import { indexTables } from "./feeds/feed-index.projection.js";
import { feedBegun } from "./feeds/feeds.js";
import { Present } from "./feeds/snapshots/present.js";
import { SnapshotWorker } from "./feeds/snapshots/snapshot-worker.js";
import { filesOf } from "./folder.js";
import { holdAlone } from "./journal/database.js";
import type { SegmentSealed } from "./journal/events.js";
import { SqliteJournal } from "./journal/sqlite-journal.js";
import { View } from "./journal/view.js";
import { Receipts } from "./receipts/receipts.js";
import { receiptTables } from "./receipts/receipts.projection.js";
import { BootLog, bootTables } from "./registry/clones.projection.js";
import { Registry } from "./registry/registry.js";
import { registryTables } from "./registry/registry.projection.js";
import type { Signing } from "./roots/signing.js";
import { contactTables } from "./telemetry/contacts.projection.js";
import { detectionTables } from "./telemetry/detections.projection.js";
import { sightingTables } from "./telemetry/sightings.projection.js";
import { spoolTables } from "./telemetry/spools.projection.js";
import { Telemetry } from "./telemetry/telemetry.js";

export type Store = Awaited<ReturnType<typeof openStore>>;

/** The disk, the journal on it, and what is folded from that. */
export async function openStore(
  { dir, disk: settings, signing }: StoreConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  opened: Lifetime,
) {
  const files = filesOf(dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  opened.own(holdAlone(files.lock));
  const disk = opened.own(new Disk(dir, settings, { clock, log }));
  const journal = opened.own(SqliteJournal.open(files.journal, clock, disk));
  const view = opened.own(
    withRoom(disk, () => View.open(files.view, journal, PROJECTIONS)),
  );
  const index = new FeedIndex(view.database, journal, (segment) =>
    signedAnew(signing, segment),
  );
  for (const feed of EVERYBODYS) {
    if (index.standing(feed) === undefined) journal.append([feedBegun(feed)]);
  }
  const pieces = { release: () => disk.release() };
  const state = opened.own(
    await SnapshotWorker.open(
      { ...files, contentKeys: pems(signing) },
      log,
      pieces,
    ),
  );
  opened.own(signing.onPublished(() => state.signWith(pems(signing))));
  const hasFeed = (feed: FeedName) => index.standing(feed) !== undefined;
  const approving = { journal, signing, clock, hasFeed };
  const approvals = new Approvals(view.database, approving);
  const present = opened.own(
    new Present({
      ...{ path: files.bans, clock, log },
      standings: () => index.standings(),
      segmentsAfter: (...asked) => index.segmentsAfter(...asked),
      caughtUp: () => state.caughtUp(),
    }),
  );
  const { database } = view;
  const kept = { disk, journal, index, state, present, approvals };
  return { ...kept, database, ...questionsTo(view) };
}

export interface StoreConfig {
  readonly dir: string;
  readonly disk: DiskSettings;
  readonly signing: Signing;
}

/** What the journal holds, with signatures that agents take now. */
export const signedAnew = (signing: Signing, segment: SegmentSealed) => ({
  ...segment,
  bytes: signing.signedAnew(segment.bytes),
});

/** What every question of a cloud is answered from. */
export const PROJECTIONS = [
  registryTables,
  bootTables,
  indexTables,
  decisionTables,
  receiptTables,
  spoolTables,
  detectionTables,
  sightingTables,
  contactTables,
  approvalTables,
  standingTables,
  holdTables,
  proposalTables,
];

/** What only answers, from the view. */
const questionsTo = ({ database }: View) => ({
  registry: new Registry(database),
  receipts: new Receipts(database),
  telemetry: new Telemetry(database),
  decisionLog: new DecisionLog(database),
  bootLog: new BootLog(database),
});

const pems = ({ contentKeys }: Signing): readonly string[] =>
  contentKeys.map((key) => key.toPem());

/** Whether something became of an agent that is not in the read models yet. */
export const isBehindOn = ({ journal }: Store, agent: string): boolean =>
  journal
    .untold()
    .some(({ event }) => "agent" in event && event.agent === agent);
