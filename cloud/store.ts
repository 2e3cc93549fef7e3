import { chmodSync, mkdirSync } from "node:fs";
import type { Logger } from "../agent/log/logger.js";
import type { FeedName } from "../agent/model/position.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import { Approvals, type ApprovalPorts } from "./approvals/approvals.js";
import { approvalTables } from "./approvals/approvals.projection.js";
import { AttackTimes } from "./attacks/attack-times.js";
import { Attackers } from "./attacks/attackers.js";
import { attackTables } from "./attacks/attackers.projection.js";
import { Contests } from "./contest/contests.js";
import { contestTables } from "./contest/contests.projection.js";
import { DecisionLog } from "./decide/decision-log.js";
import { decisionTables } from "./decide/decision-log.projection.js";
import { earlierTables } from "./decide/earlier.projection.js";
import { holdTables } from "./decide/holds.projection.js";
import { proposalTables } from "./decide/proposals.projection.js";
import { UndoLog } from "./decide/undo-log.js";
import { undoTables } from "./decide/undo.projection.js";
import { standingTables } from "./decide/standing.projection.js";
import { weightTables } from "./decide/weights.projection.js";
import { Disk, openOwnDisk, type DiskSettings } from "./disk/disk.js";
import { withRoom } from "./disk/room.js";
import { EVERYBODYS, feedsOf } from "./feeds/audience.js";
import { FeedIndex } from "./feeds/feed-index.js";
import { indexTables } from "./feeds/feed-index.projection.js";
import { feedBegun } from "./feeds/feeds.js";
import { Present } from "./feeds/snapshots/present.js";
import { SnapshotWorker } from "./feeds/snapshots/snapshot-worker.js";
import { filesOf, type Files } from "./folder.js";
import type { Callers } from "./journal/callers.js";
import { holdAlone, type Database } from "./journal/database.js";
import type { SegmentSealed } from "./journal/decision-events.js";
import { lookThenAppend } from "./journal/look-then-append.js";
import { mustBeBegunAnew } from "./journal/lost-view.js";
import { Retention, type ObservationSettings } from "./journal/retention.js";
import { splitJournal } from "./journal/split-journal.js";
import { SqliteDecisions } from "./journal/sqlite-decisions.js";
import { digestedIn, digestTables } from "./journal/digests.projection.js";
import { BOUNDLESS, type JournalDisk } from "./journal/sqlite-file.js";
import { SqliteObservations } from "./journal/sqlite-observations.js";
import {
  cursorIn,
  View,
  type DecisionProjection,
  type ObservationProjection,
  type Views,
} from "./journal/view.js";
import { Operators } from "./operators/operators.js";
import { operatorTables } from "./operators/operators.projection.js";
import { Policies, type PolicyPorts, type Told } from "./policies/policies.js";
import { policyTables } from "./policies/policies.projection.js";
import { PolicyHolds } from "./policies/policy-holds.js";
import { policyVersionTables } from "./policies/policy-versions.projection.js";
import { NO_COUNTRIES, type Countries } from "./places/countries.js";
import { openCountries } from "./places/country-file.js";
import { Receipts } from "./receipts/receipts.js";
import { receiptTables } from "./receipts/receipts.projection.js";
import {
  BootLog,
  bootTables,
  clearingTables,
} from "./registry/clones.projection.js";
import { presenceTables } from "./registry/presence.projection.js";
import { Registry } from "./registry/registry.js";
import { registryTables } from "./registry/registry.projection.js";
import type { Signing } from "./roots/signing.js";
import { ruleTables } from "./rules/rule-book.projection.js";
import { contactTables } from "./telemetry/contacts.projection.js";
import { detectionTables } from "./telemetry/detections.projection.js";
import { sightingTables } from "./telemetry/sightings.projection.js";
import { spoolTables } from "./telemetry/spools.projection.js";
import { harmTables } from "./telemetry/harms.projection.js";
import { statementTables } from "./telemetry/statements.projection.js";
import { Statements } from "./telemetry/statements.js";
import { Telemetry } from "./telemetry/telemetry.js";
import { FiguresOfHosts } from "./telemetry/host-figures.js";
import { WellnessOfHosts } from "./telemetry/wellness.js";
import { glassTables } from "./two-persons/glass.projection.js";
import { proposedOrderTables } from "./two-persons/proposed-orders.projection.js";
import { eraseAgain } from "./tree/erase-again.js";
import { erasuresIn, erasureTables } from "./tree/erasures.projection.js";

export type Store = Awaited<ReturnType<typeof openStore>>;

/** The disk, both logs on it, and what is folded from them. */
export async function openStore(
  config: StoreConfig,
  ports: StorePorts & { readonly calls: Callers },
  opened: Lifetime,
) {
  const { dir, disk: settings, observations: terms, signing } = config;
  const { clock, log, calls } = ports;
  const files = filesOf(dir);
  const countries = openCountries(config, ports, opened);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  opened.own(holdAlone(files.lock));
  const disk = opened.own(new Disk(dir, settings, ports));
  const around = { ...ports, disk, calls, countries };
  const logs = await openLogs(files, around, opened);
  const { decisions, observations, views } = logs;
  const retention = opened.own(
    new Retention(terms, {
      ...{ ...ports, observations, observed: views.observed },
      digested: () => digestedIn(views.decided),
    }),
  );
  const index = new FeedIndex(
    views.decided,
    (seq) => decisions.segmentAt(seq),
    (segment) => signedAnew(signing, segment),
  );
  await beginFeeds(decisions, index);
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
  const approving = { decisions, signing, clock, hasFeed };
  const words = signedWords(views.decided, approving);
  const present = opened.own(presentIn(files.bans, { ...ports, index, state }));
  const kept = { disk, index, state, present, ...words, retention, countries };
  const admitsTelemetry = () =>
    logs.observationsDisk.admits("telemetry") && retention.hasRoom();
  return { ...logs, ...kept, ...questionsTo(views, ports), admitsTelemetry };
}

const presentIn = (
  path: string,
  { index, state, ...ports }: StorePorts & PresentParts,
): Present =>
  new Present({
    ...{ ...ports, path },
    standings: () => index.standings(),
    segmentsAfter: (...asked) => index.segmentsAfter(...asked),
    caughtUp: () => state.caughtUp(),
  });

interface PresentParts {
  readonly index: FeedIndex;
  readonly state: SnapshotWorker;
}

/** What others sign, or have signed, beside what feeds say. */
const signedWords = (
  database: Database,
  ports: ApprovalPorts & PolicyPorts,
) => {
  const policies = new Policies(database, ports);
  /** The feeds that a host follows, by the groups that it is in. */
  const followedBy = (agent: Told): readonly FeedName[] => [
    ...feedsOf(agent.org),
    ...policies.feedsOf(agent),
  ];
  return {
    approvals: new Approvals(database, ports),
    ...{ policies, followedBy },
    policyHolds: new PolicyHolds(database, { ...ports, policies }),
  };
};

interface StorePorts {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Both logs and their views. Decisions come first, and nothing of them waits for
 * the observations: those have a folder of their own, which may lie on another
 * disk. The folder is held by the caller.
 */
export async function openLogs(
  files: Files,
  ports: StorePorts & {
    readonly disk?: Disk;
    readonly calls?: Callers;
    readonly countries?: Countries;
  },
  opened: Lifetime,
) {
  const { clock, disk, countries = NO_COUNTRIES } = ports;
  mkdirSync(files.observationsDir, { recursive: true, mode: 0o700 });
  await splitJournal(files, ports.log);
  const ownDisk = disk && openOwnDisk(files.observationsDir, disk, ports);
  if (ownDisk) opened.own(ownDisk);
  const observationsDisk: JournalDisk = ownDisk ?? disk ?? BOUNDLESS;
  const decisions = opened.own(
    SqliteDecisions.open(files.decisions, clock, disk, ports.calls),
  );
  const observations = opened.own(
    SqliteObservations.open(files.observations, clock, observationsDisk),
  );
  mustBeBegunAnew(files.view, decisions.level);
  const decided = opened.own(
    await View.open(files.view, decisions, OF_DECISIONS, disk),
  );
  // What decisions and view refer to keeps its number, should a copy lack it.
  const seen = withRoom(observationsDisk, () => cursorIn(files.observed));
  await observations.skipTo(Math.max(seen, referredTo(decided.database)));
  await eraseAgain(erasuresIn(decided.database), {
    ...{ decisions, observations, observed: files.observed, log: ports.log },
  });
  const observed = opened.own(
    await View.open(
      ...([files.observed, observations, ofObservations(countries)] as const),
      observationsDisk,
    ),
  );
  const views: Views = {
    decided: decided.database,
    observed: observed.database,
  };
  return { decisions, observations, observationsDisk, ownDisk, views };
}

/** The newest observation that something was decided on, or is to be. */
const referredTo = (decided: Database): number =>
  decided
    .prepare<[], number>(
      `SELECT max((SELECT coalesce(max(seen), 0) FROM decisions),
         (SELECT coalesce(max(through), 0) FROM digested),
         (SELECT coalesce(max(through), 0) FROM clearings),
         (SELECT coalesce(max(value), 0) FROM proposals, json_each(evidence)))`,
    )
    .pluck()
    .get() ?? 0;

async function beginFeeds(
  decisions: SqliteDecisions,
  index: FeedIndex,
): Promise<void> {
  for (const feed of EVERYBODYS) {
    await lookThenAppend(decisions, () => {
      const isThere = index.standing(feed) !== undefined;
      return { events: isThere ? [] : [feedBegun(feed)], answer: undefined };
    });
  }
}

export interface StoreConfig {
  readonly dir: string;
  readonly disk: DiskSettings;
  readonly observations: ObservationSettings;
  readonly countries?: string | undefined;
  readonly signing: Signing;
}

/** A segment as it was written down, with signatures that agents take now. */
export const signedAnew = (signing: Signing, segment: SegmentSealed) => ({
  ...segment,
  bytes: signing.signedAnew(segment.bytes),
});

const OF_DECISIONS: readonly DecisionProjection[] = [
  registryTables,
  operatorTables,
  clearingTables,
  indexTables,
  earlierTables,
  decisionTables,
  undoTables,
  ruleTables,
  approvalTables,
  policyTables,
  policyVersionTables,
  proposalTables,
  weightTables,
  proposedOrderTables,
  glassTables,
  contestTables,
  digestTables,
  erasureTables,
];

const ofObservations = (
  countries: Countries,
): readonly ObservationProjection[] => [
  presenceTables,
  bootTables,
  receiptTables,
  spoolTables,
  detectionTables,
  sightingTables,
  contactTables,
  attackTables(countries),
  statementTables,
  harmTables,
  standingTables,
  holdTables,
];

/** What only answers, from the views. */
function questionsTo(views: Views, ports: StorePorts) {
  const registry = new Registry(views);
  return {
    registry,
    operators: new Operators(views, ports),
    receipts: new Receipts(views.observed),
    telemetry: new Telemetry(views.observed),
    wellness: new WellnessOfHosts(views.observed),
    figures: new FiguresOfHosts(views.observed),
    attackers: new Attackers(views.observed),
    attackTimes: new AttackTimes(views.observed),
    statements: new Statements(views.observed),
    decisionLog: new DecisionLog(views.decided),
    undoLog: new UndoLog(views.decided),
    bootLog: new BootLog(views),
    contests: new Contests(views.decided, ports),
  };
}

const pems = ({ contentKeys }: Signing): readonly string[] =>
  contentKeys.map((key) => key.toPem());

/** Whether something became of an agent that is not in the read models yet. */
export const isBehindOn = ({ decisions }: Store, agent: string): boolean =>
  decisions
    .untold()
    .some(({ event }) => "agent" in event && event.agent === agent);
