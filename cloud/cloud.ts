import type { Socket } from "node:net";
import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import { Lifetime } from "../agent/runtime/lifetime.js";
import { CallerRates } from "./api/table/rates.js";
import { LIVE_PATH } from "./api/live/listen.js";
import { Downloads } from "./api/downloads.js";
import { Calls } from "./audit/calls.js";
import type { ContestSettings } from "./contest/settings.js";
import type { CorrelationSettings } from "./decide/correlation-settings.js";
import { Harm } from "./decide/harm.js";
import { openRules, type Rules } from "./decide/open-rules.js";
import type { DiskSettings } from "./disk/disk.js";
import { Door } from "./door/door.js";
import { MOST_PLACES } from "./door/known-places.js";
import { standings } from "./feeds/standings.js";
import { filesOf } from "./folder.js";
import { Gateway } from "./gateway/gateway.js";
import type { ObservationSettings } from "./journal/retention.js";
import { auditLines } from "./log/audit-lines.js";
import { Drops, type Dropped } from "./log/drops.js";
import { sparingly } from "./log/sparing-logger.js";
import { capabilitiesBy, openLog } from "./open-log.js";
import type { RolloutSettings } from "./decide/rollout.js";
import { openDeciding, type Deciding } from "./open-deciding.js";
import { openDoors } from "./open-doors.js";
import { openOutcomes } from "./open-outcomes.js";
import { openOverviews } from "./open-overviews.js";
import { openSignIn } from "./open-sign-in.js";
import { knowBoots, openWays } from "./open-ways.js";
import { OutgoingDoor } from "./outgoing/outgoing-door.js";
import type { OutgoingSettings } from "./outgoing/settings.js";
import { warnOfRoot } from "./roots/notice.js";
import type { Signing } from "./roots/signing.js";
import type { SignIn } from "./sign-in/sign-in.js";
import type { LoginSettings } from "./sign-in/login-settings.js";
import { openServer, type ListenOptions, type OpenServer } from "./server.js";
import { statusOf } from "./status.js";
import { isBehindOn, openStore, signedAnew, type Store } from "./store.js";
import { Allowances, type TelemetrySettings } from "./telemetry/allowances.js";
import { Intake, ITEM_RATE } from "./telemetry/intake.js";
import type { TreeWorker } from "./tree/tree-worker.js";
import type { TwoPersonsSettings } from "./two-persons/settings.js";

/** Everything that a cloud is told at its start. */
export interface CloudConfig {
  /** What agents know the cloud by; part of what they sign. */
  readonly name: string;
  /** Holds what was decided and observed, read models and snapshots. */
  readonly dir: string;
  readonly listen: ListenOptions;
  /** What enrolment tokens name; undefined for where the cloud listens. */
  readonly publicUrl: undefined | string;
  readonly heartbeatMs: number;
  readonly correlation: CorrelationSettings;
  readonly telemetry: TelemetrySettings;
  readonly disk: DiskSettings;
  readonly observations: ObservationSettings;
  readonly outgoing: OutgoingSettings;
  readonly login: LoginSettings;
  readonly twoPersons: TwoPersonsSettings;
  readonly contest: ContestSettings;
  readonly rollout: RolloutSettings;
  /** A file that says which country addresses are in; undefined: none does. */
  readonly countries?: string | undefined;
  /** Whether operators are heard at the public door too, beside their own. */
  readonly operatorsOnPublic: boolean;
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

/** Puts the rooms together, and opens the doors last. */
export async function startCloud(
  config: CloudConfig,
  given: CloudPorts,
): Promise<Cloud> {
  // What others cause is said at a rate; decisions are all said.
  const log = sparingly(given.log, given.clock);
  const ports = { ...given, log, calls: new Calls() };
  const startedAt = ports.clock.now();
  await using opened = new Lifetime();
  const server = opened.own(openServer(config.listen));
  const outgoing = opened.own(new OutgoingDoor(config.outgoing, ports));
  const store = await openStore(config, ports, opened);
  const decider = openDeciding(config, ports, store, opened);
  const { neverList } = filesOf(config.dir);
  const ruling = { settings: config.correlation, neverList };
  const rules = openRules(
    { ...store, ...decider, ...ports, ...ruling },
    opened,
  );
  opened.own(auditLines(store.decisions, given.log));
  const watched = watchOver({ config, ports, server, opened }, store);
  const kept = openLog(config, ports, store, opened);
  const rooms = { ...store, ...decider, ...rules, ...watched, ...kept };
  const carrier = openGateway({ config, ports, store: rooms, server, opened });
  const { gateway } = carrier;
  opened.own(new Harm({ ...ports, ...rooms, gateway }));
  const told = openTold({ ...ports, ...rooms, store, gateway });
  const here = { url: config.publicUrl ?? "" };
  const publicUrl = () => here.url;
  const asking = { ...rooms, ...given, config, store, outgoing, publicUrl };
  const { signIn, ways, kept: answersKept } = openSignIn(asking, opened);
  const rates = new CallerRates(ports.clock);
  const doors = await openDoors(
    { config, ports, server, opened },
    {
      ...{ ...ports, ...rooms, ...carrier, ...told, outgoing },
      ...apiOf(config, { ...ports, ...rooms, gateway, startedAt, signIn }),
      ...{ signIn, waysIn: ways, publicUrl, answersKept, rates },
    },
    here,
  );
  warnOfRoot(config.signing, ports);
  opened.defer(() => server.stopListening());
  const running = opened.release();
  return {
    ...doors,
    broken: Promise.race([store.decisions.broken, store.observations.broken]),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** What people are told of hosts: of each, and in sums. */
function openTold(parts: Parameters<typeof openOverviews>[0] & TellingParts) {
  const outcomes = openOutcomes(parts, parts.store, parts.gateway);
  return { ...outcomes, ...openOverviews(parts, outcomes.coverage) };
}

interface TellingParts {
  readonly gateway: Gateway;
}

/** What keeps others within their budgets, and counts what was over one. */
function watchOver(
  { config, ports, server, opened }: Doors,
  { bootLog }: Store,
): Watched {
  const drops = new Drops(ports);
  const addresses = bootLog.addresses(MOST_PLACES);
  const door = new Door(server.http, { ...ports, drops, addresses });
  const allowances = new Allowances(config.telemetry, ports.clock);
  return { drops, door: opened.own(door), allowances };
}

/** What requests need beside the rooms themselves. */
function apiOf(
  { signing, name: cloudName, dir }: CloudConfig,
  parts: CloudPorts &
    Store &
    Watched & {
      readonly gateway: Gateway;
      readonly tree: Pick<TreeWorker, "trouble">;
      readonly startedAt: number;
      readonly signIn: Pick<SignIn, "report">;
      readonly breakGlass: Deciding["breakGlass"];
    },
) {
  const { door, drops, allowances, state, tree, breakGlass } = parts;
  const downloads = new Downloads();
  return {
    ...{ signing, cloudName, downloads },
    snapshotFolder: filesOf(dir).snapshots,
    engage: (socket: Socket) => door.engage(socket),
    dropped: (what: Dropped) => drops.count(what),
    telemetryOverSince: (agent: string) => allowances.overSince(agent),
    status: () =>
      statusOf({
        ...parts,
        downloads: () => downloads.size,
        overBudget: () => allowances.overCount,
        trouble: () => state.trouble(),
        treeTrouble: () => tree.trouble(),
        unreviewed: () => breakGlass.unreviewed(),
        contested: () => parts.contests.waiting(),
      }),
  };
}

interface Doors {
  readonly config: CloudConfig;
  readonly ports: CloudPorts;
  readonly server: OpenServer;
  readonly opened: Lifetime;
}

interface GatewayParts extends Doors {
  readonly store: Store & Rules & Watched & Pick<Deciding, "impact">;
}

function openGateway(parts: GatewayParts) {
  const { config, ports, store, server, opened } = parts;
  const { door, drops } = store;
  const { decisions, registry, index } = store;
  const { signing } = config;
  const dropped = (what: Dropped) => drops.count(what);
  const { recovery, recorder, answers, bundles } = openWays(parts);
  const boots = knowBoots(ports, store, recorder);
  const intake = opened.own(makeIntake(ports, store));
  const gateway = new Gateway(server.http, {
    ...ports,
    decisions,
    cloudName: config.name,
    heartbeatMs: config.heartbeatMs,
    isElsewhere: (path) => config.operatorsOnPublic && path === LIVE_PATH,
    admit: (address) => door.admit(address),
    welcomed: (socket) => door.welcomed(socket),
    dropped,
    agent: (id) => registry.agent(id),
    isBehindOn: (agent) => isBehindOn(store, agent),
    feedsOf: (agent) => store.followedBy(registry.agent(agent.id) ?? agent),
    plan: (...where) => recovery.plan(...where),
    isAhead: (position) => recovery.isAhead(position),
    segmentsAfter: (at) => index.segmentsAfter(at, Infinity),
    ...standings(index, () => signing.headKeys, ports.clock),
    approvals: (feeds) => store.approvals.of(feeds),
    policy: (agent) => store.policies.for(agent),
    newestRoot: (protocol) => signing.newestFor(protocol),
    capabilities: () => capabilitiesBy(signing),
    signedAnew: (segment) => signedAnew(signing, segment),
    answers,
    boots,
    impactHeard: (agent, answer) => store.impact.heard(agent, answer),
    takeTelemetry: (...told) => intake.take(...told),
  });
  store.impact.askThrough((feed, question) => gateway.ask(feed, question));
  opened.own(signing.onPublished(({ text }) => gateway.announceRoot(text)));
  const noteLeft = answers.left.bind(answers);
  return { gateway: opened.own(gateway), bundles, answers, noteLeft };
}

/** What keeps others within their budgets. */
interface Watched {
  readonly door: Door;
  readonly drops: Drops;
  readonly allowances: Allowances;
}

function makeIntake(ports: CloudPorts, store: Store & Watched): Intake {
  const { observations, telemetry, allowances, drops } = store;
  return new Intake({
    ...{ ...ports, observations, rate: ITEM_RATE, allowances },
    through: (agent, spool) => telemetry.through(agent, spool),
    hasRoom: () => store.admitsTelemetry(),
    dropped: (what) => drops.count(what),
  });
}
