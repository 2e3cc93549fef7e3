import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Clock } from "../agent/clock.js";
import { Lifetime } from "../agent/lifetime.js";
import type { FeedName } from "../agent/model/position.js";
import type { Logger } from "../agent/log/logger.js";
import { Approvals } from "./approvals/approvals.js";
import { approvalTables } from "./approvals/tables.js";
import { makeApp } from "./api/app.js";
import type { CorrelationSettings } from "./decide/correlation-settings.js";
import { Correlator } from "./decide/correlator.js";
import { DecisionLog } from "./decide/decision-log.js";
import { decisionTables } from "./decide/decision-tables.js";
import { BanOrders } from "./decide/ban-orders.js";
import { Decisions } from "./decide/decisions.js";
import { foreseenRule } from "./decide/foresight.js";
import { ImportOrders } from "./decide/import-orders.js";
import { LiftOrders } from "./decide/lift-orders.js";
import type { Foresight } from "./decide/order-ports.js";
import { NeverList } from "./decide/never.js";
import { EVERYBODYS, feedsOf } from "./feeds/audience.js";
import { Capacity } from "./feeds/capacity.js";
import { FeedIndex } from "./feeds/feed-index.js";
import { Feeds, feedBegun } from "./feeds/feeds.js";
import { Heads } from "./feeds/heads.js";
import { indexTables } from "./feeds/index-tables.js";
import { Recovery } from "./feeds/recovery.js";
import { Present } from "./feeds/state/present.js";
import { State } from "./feeds/state/state.js";
import { Gateway } from "./gateway/gateway.js";
import { Impact } from "./impact/impact.js";
import { holdAlone } from "./journal/database.js";
import type { SegmentSealed } from "./journal/events.js";
import { SqliteJournal } from "./journal/sqlite-journal.js";
import { View } from "./journal/view.js";
import { Answers } from "./receipts/answers.js";
import { Outcomes } from "./receipts/outcomes.js";
import { Receipts, receiptTables } from "./receipts/receipts.js";
import { Recorder } from "./receipts/recorder.js";
import { BootLog, bootTables } from "./registry/boot-tables.js";
import { Boots } from "./registry/boots.js";
import { Enrolment } from "./registry/enrolment.js";
import { Registry } from "./registry/registry.js";
import { registryTables } from "./registry/tables.js";
import { contactTables } from "./telemetry/contact-tables.js";
import type { Signing } from "./roots/signing.js";
import { detectionTables } from "./telemetry/detection-tables.js";
import { Intake, ITEM_RATE } from "./telemetry/intake.js";
import { sightingTables } from "./telemetry/sighting-tables.js";
import { spoolTables } from "./telemetry/spool-tables.js";
import { Telemetry } from "./telemetry/telemetry.js";
import { openServer, type ListenOptions, type OpenServer } from "./server.js";

/** Everything that a cloud is told at its start. */
export interface CloudConfig {
  /** What agents know the cloud by; part of what they sign. */
  readonly name: string;
  /** Holds the journal, its read models and the snapshots. */
  readonly dir: string;
  readonly listen: ListenOptions;
  /** What enrolment tokens name; undefined for where the cloud listens. */
  readonly publicUrl: undefined | string;
  readonly heartbeatMs: number;
  readonly correlation: CorrelationSettings;
  /** The roots, and the keys to sign with. */
  readonly signing: Signing;
}

export interface CloudPorts {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A cloud that listens. */
export interface Cloud extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Resolves when it cannot go on, and a new start may: with the reason. */
  readonly broken: Promise<Error>;
}

/** The files of a cloud's folder. */
export function filesOf(dir: string) {
  return {
    lock: join(dir, "lock"),
    journal: join(dir, "journal.db"),
    view: join(dir, "view.db"),
    bans: join(dir, "bans.db"),
    /** What no rule may ban; the operator writes it. */
    neverList: join(dir, "never-ban.txt"),
    snapshots: join(dir, "snapshots"),
  };
}

/** Puts the rooms together, and opens the door last. */
export async function startCloud(
  config: CloudConfig,
  ports: CloudPorts,
): Promise<Cloud> {
  await using opened = new Lifetime();
  const server = opened.own(openServer(config.listen));
  const store = await openStore(config, ports, opened);
  const decider = makeDecider(config, ports, store);
  opened.own(openCorrelator(config, ports, { ...store, ...decider }));
  const impact: Impact = new Impact({
    ask: (feed, question) => gateway.ask(feed, question),
    clock: ports.clock,
  });
  const rooms = { ...store, impact };
  const gateway = openGateway({ config, ports, store: rooms, server, opened });

  let url = "";
  const app = makeApp({
    ...decider,
    ...ports,
    ...rooms,
    gateway,
    outcomes: openOutcomes(ports, rooms, gateway),
    signing: config.signing,
    cloudName: config.name,
    snapshotFolder: filesOf(config.dir).snapshots,
    publicUrl: () => config.publicUrl ?? url,
  });
  const answer = getRequestListener(app.fetch);
  server.http.on("request", (...exchange) => void answer(...exchange));

  const door = await server.listen();
  url = door.url;
  ports.log.info("cloud listens", { url, name: config.name });
  warnOfRoot(config.signing, ports);
  opened.defer(() => server.stopListening());
  const running = opened.release();
  return {
    ...door,
    broken: store.journal.broken,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** What changes the world: enrolments and decisions. */
function makeDecider(
  { signing, name: cloudName }: CloudConfig,
  { clock }: CloudPorts,
  { journal, registry, index, state, present, approvals }: Store,
) {
  const { sign } = signing;
  const capacity = new Capacity({
    standing: (feed) => index.standing(feed),
    counts: () => state.counts(),
  });
  const feeds = new Feeds({ journal, index, sign, clock, capacity });
  const ordering = {
    ...{ feeds, clock },
    look: (asked?: readonly FeedName[]) => present.look(asked),
    foresee: (feed: FeedName): Foresight => {
      const allowed = approvals.standing(feed);
      return (cidr, lasts) => foreseenRule(cidr, lasts, allowed);
    },
  };
  return {
    decisions: new Decisions(feeds, clock),
    bans: new BanOrders(ordering),
    lifts: new LiftOrders(ordering),
    imports: new ImportOrders(ordering),
    enrolment: new Enrolment({
      ...{ journal, registry, clock, cloudName, signing },
    }),
  };
}

/** What decides by itself, from what the agents report. */
function openCorrelator(
  { dir, correlation: settings }: CloudConfig,
  { clock, log }: CloudPorts,
  store: Store & { readonly decisions: Decisions },
): Correlator {
  const { journal, state, telemetry, decisionLog, decisions } = store;
  const never = new NeverList(filesOf(dir).neverList);
  never.check();
  return new Correlator({
    ...{ clock, log, settings, journal, telemetry, decisions },
    spent: decisionLog,
    never,
    coveredUntil: (range) => state.coveredUntil(EVERYBODYS, range),
  });
}

function openGateway(parts: {
  readonly config: CloudConfig;
  readonly ports: CloudPorts;
  readonly store: Store & { readonly impact: Impact };
  readonly server: OpenServer;
  readonly opened: Lifetime;
}): Gateway {
  const { config, ports, store, server, opened } = parts;
  const { journal, registry, index, state, receipts, telemetry } = store;
  const recovery = new Recovery(index, state, ports.clock);
  const { signing } = config;
  const heads = new Heads(index, () => signing.headKeys, ports.clock);
  const recorder = opened.own(new Recorder({ ...ports, journal }));
  const answers = new Answers({
    ...ports,
    standing: (feed) => index.standing(feed),
    hashAt: (...place) => index.hashAt(...place),
    newest: (...place) => receipts.newest(...place),
    note: (event) => recorder.note(event),
  });
  const boots = knowBoots(ports, store, recorder);
  const through = (agent: string, spool: string) =>
    telemetry.through(agent, spool);
  const intake = opened.own(
    new Intake({ ...ports, journal, rate: ITEM_RATE, through }),
  );
  const gateway = new Gateway(server.http, {
    ...ports,
    journal,
    cloudName: config.name,
    heartbeatMs: config.heartbeatMs,
    agent: (id) => registry.agent(id),
    feedsOf,
    plan: (...where) => recovery.plan(...where),
    isAhead: (position) => recovery.isAhead(position),
    segmentsAfter: (at) => index.segmentsAfter(at, Infinity),
    heads: (feeds) => heads.of(feeds),
    approvals: (feeds) => store.approvals.of(feeds),
    newestRoot: () => signing.version,
    signedAnew: (segment) => signedAnew(signing, segment),
    answers,
    boots,
    impactHeard: (agent, answer) => store.impact.heard(agent, answer),
    takeTelemetry: (from, message) => intake.take(from, message),
  });
  opened.own(signing.onPublished(({ text }) => gateway.announceRoot(text)));
  return opened.own(gateway);
}

const openOutcomes = (
  { clock }: CloudPorts,
  { database, registry, telemetry }: Store,
  gateway: Gateway,
): Outcomes =>
  new Outcomes(database, {
    clock,
    agents: () => registry.agents(),
    isConnected: (agent) => gateway.isConnected(agent),
    heardAt: (agent) => gateway.heardAt(agent),
    takenBack: (after) => telemetry.takenBack(after),
  });

/** What tells an agent that was restarted from two that hold one key. */
const knowBoots = (
  ports: CloudPorts,
  { bootLog }: Store,
  recorder: Recorder,
): Boots =>
  new Boots({
    ...ports,
    boots: (agent) => bootLog.boots(agent),
    isTold: (...pair) => bootLog.isTold(...pair),
    note: (event) => recorder.note(event),
  });

/** What the journal holds, with signatures that agents take now. */
const signedAnew = (signing: Signing, segment: SegmentSealed) => ({
  ...segment,
  bytes: signing.signedAnew(segment.bytes),
});

type Store = Awaited<ReturnType<typeof openStore>>;

/** The journal, and what is folded from it. */
async function openStore(
  { dir, signing }: CloudConfig,
  { clock, log }: CloudPorts,
  opened: Lifetime,
) {
  const files = filesOf(dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  opened.own(holdAlone(files.lock));
  const journal = opened.own(SqliteJournal.open(files.journal, clock));
  const projections = [
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
  ];
  const view = opened.own(View.open(files.view, journal, projections));
  const index = new FeedIndex(view.database, journal, (segment) =>
    signedAnew(signing, segment),
  );
  for (const feed of EVERYBODYS) {
    if (index.standing(feed) === undefined) journal.append([feedBegun(feed)]);
  }
  const state = opened.own(
    await State.open({ ...files, contentKeys: pems(signing) }, log),
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
  const database = view.database;
  const kept = { journal, index, state, present, approvals };
  return { ...kept, database, ...questionsTo(view) };
}

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

/** Agents take nothing new by a root that has run out. */
function warnOfRoot({ root }: Signing, { clock, log }: CloudPorts): void {
  const { version, expiresAt } = root.document;
  if (clock.now() < expiresAt - ROOT_NOTICE_MS) return;
  const until = new Date(expiresAt).toISOString();
  log.warn("the root has to be renewed soon", { version, until });
}

const ROOT_NOTICE_MS = 60 * 24 * 60 * 60 * 1000;
