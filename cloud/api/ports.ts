import type { Socket } from "node:net";
import type { Logger } from "../../agent/log/logger.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Approvals } from "../approvals/approvals.js";
import type { AttackTimes } from "../attacks/attack-times.js";
import type { Attackers } from "../attacks/attackers.js";
import type { Calls } from "../audit/calls.js";
import type { Records } from "../audit/records.js";
import type { Bundles } from "../carry/bundles.js";
import type { CarriedReceiptPorts } from "../carry/carried-receipts.js";
import type { Coverage } from "../coverage/coverage.js";
import type { BrowseGate } from "../feeds/catalogue/browse-gate.js";
import type { ExportPlaces } from "../feeds/catalogue/export-places.js";
import type { CoverageGate } from "../coverage/coverage-gate.js";
import type { ListGate } from "../rate/list-gate.js";
import type { Viewer, Why } from "../coverage/why.js";
import type { BanOrders } from "../decide/ban-orders.js";
import type { Contests } from "../contest/contests.js";
import type { OpenContest } from "../contest/open-contest.js";
import type { Correlator } from "../decide/correlator.js";
import type { DecisionLog } from "../decide/decision-log.js";
import type { Proposals } from "../decide/proposals.js";
import type { UndoLog } from "../decide/undo-log.js";
import type { Vouching } from "../decide/vouching.js";
import type { Weights } from "../decide/weights.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Present } from "../feeds/snapshots/present.js";
import type { SnapshotWorker } from "../feeds/snapshots/snapshot-worker.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Roster } from "../fleet/roster.js";
import type { Gateway } from "../gateway/gateway.js";
import type { Impact } from "../impact/impact.js";
import type { Decisions } from "../journal/decisions.js";
import type { DeviceWord } from "../journal/observation-events.js";
import type { SqliteDecisions } from "../journal/sqlite-decisions.js";
import type { SqliteObservations } from "../journal/sqlite-observations.js";
import type { Dropped } from "../log/drops.js";
import type { RuleBook } from "../rules/rule-book.js";
import type { Shadow } from "../rules/shadow.js";
import type { Trials } from "../rules/trial.js";
import type { Earlier } from "../decide/earlier.js";
import type { OutgoingDoor } from "../outgoing/outgoing-door.js";
import type { Outcomes } from "../receipts/outcomes.js";
import type { Operators } from "../operators/operators.js";
import type { Staff } from "../operators/staff.js";
import type { Policies } from "../policies/policies.js";
import type { PolicyHolds } from "../policies/policy-holds.js";
import type { Countries } from "../places/countries.js";
import type { Receipts } from "../receipts/receipts.js";
import type { BootLog } from "../registry/clones.projection.js";
import type { Enrolment } from "../registry/enrolment.js";
import type { Reports } from "../report/report.js";
import type { Agent, Registry } from "../registry/registry.js";
import type { Signing } from "../roots/signing.js";
import type { SignIn } from "../sign-in/sign-in.js";
import type { WaysIn } from "../sign-in/ways-in.js";
import type { CloudStatus } from "../status.js";
import type { Statements } from "../telemetry/statements.js";
import type { LogKeeper } from "../tree/log-keeper.js";
import type { TreeWorker } from "../tree/tree-worker.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import type { KeptAnswers } from "../sign-in/kept-answers.js";
import type { CallerRates } from "./table/rates.js";
import type { BreakGlass } from "../two-persons/break-glass.js";
import type { ProposedOrders } from "../two-persons/proposed-orders.js";
import type { Proposing } from "../two-persons/proposing.js";
import type { TwoPersons } from "../two-persons/two-persons.js";
import type { Undoing } from "../two-persons/undoing.js";
import type { Downloads } from "./downloads.js";

/** What every request needs of the door that it came in by. */
interface DoorPorts {
  /** The connection works for somebody who is known, until disposed. */
  engage(socket: Socket): Disposable;
  /** Something was over a budget. */
  dropped(what: Dropped): void;
}

/** What agents' requests need. */
export interface AgentApiPorts extends DoorPorts {
  readonly downloads: Pick<Downloads, "begin">;
  readonly clock: Clock;
  readonly signing: Pick<Signing, "newest" | "text" | "publish">;
  readonly enrolment: Pick<Enrolment, "enrol">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly registry: Pick<Registry, "agent">;
  /** Takes down, soon, that an agent goes. */
  readonly noteLeft: (agent: string, word: DeviceWord) => void;
  readonly cloudName: string;
  readonly index: Pick<
    FeedIndex,
    "standing" | "segmentAfter" | "segmentsAfter"
  >;
  readonly gateway: Pick<Gateway, "find" | "dismiss">;
  readonly state: Pick<SnapshotWorker, "snapshots">;
  /** Where the snapshots' files lie. */
  readonly snapshotFolder: string;
}

/** What the record of operators' calls needs. */
interface AuditPorts {
  /** Who calls for what is appended. */
  readonly calls: Pick<Calls, "run" | "before" | "alone">;
  readonly records: Pick<Records, "page">;
}

/** What operators' requests need. */
export interface OperatorApiPorts extends DoorPorts, AuditPorts, OpenContest {
  status(): CloudStatus;
  /** Since when the agent's telemetry waits for its budget; null: it does not. */
  telemetryOverSince(agent: string): number | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly observations: Pick<SqliteObservations, "level">;
  readonly registry: Registry;
  readonly operators: Operators;
  readonly staff: Staff;
  readonly enrolment: Pick<Enrolment, "makeToken" | "revokeToken">;
  readonly signIn: SignIn;
  /** By which ways people may sign in here. */
  waysIn(): WaysIn;
  /** What people release of what rules proposed; all else goes by `orders`. */
  readonly bans: Pick<BanOrders, "ban">;
  readonly orders: Pick<
    TwoPersons,
    "ban" | "cuts" | "lift" | "import" | "change"
  >;
  readonly undoing: Pick<Undoing, "undo">;
  readonly undoLog: Pick<UndoLog, "undoings" | "undoneBy" | "listOf">;
  readonly waiting: Pick<ProposedOrders, "list" | "order" | "orderOf">;
  readonly proposing: Pick<Proposing, "release" | "refuse" | "rangesOf">;
  readonly breakGlass: Pick<BreakGlass, "list" | "glass" | "review">;
  readonly contests: Pick<Contests, "list" | "contest">;
  readonly outcomes: Pick<Outcomes, "of" | "round">;
  readonly coverage: Pick<Coverage, "of" | "ofAll" | "round">;
  readonly fleet: Pick<Fleet, "counts">;
  readonly roster: Pick<Roster, "rows">;
  readonly reports: Pick<Reports, "of">;
  /** For all that looks up who holds what. */
  readonly coverageGate: Pick<CoverageGate, "run">;
  /** For who looks through hosts, attackers or calls. */
  readonly listGate: Pick<ListGate, "run">;
  /** For who looks at bans by query or order. */
  readonly browseGate: Pick<BrowseGate, "run">;
  /** For who carries lists of bans away. */
  readonly exportPlaces: Pick<ExportPlaces, "take">;
  /** All that there is to say of a range. */
  why(range: Cidr, viewer: Viewer): Promise<Why>;
  /** The way to every URL that an operator gives. */
  readonly outgoing: Pick<OutgoingDoor, "fetch">;
  readonly decisionLog: Pick<
    DecisionLog,
    "decisions" | "decision" | "count" | "alarms"
  >;
  readonly correlator: Pick<Correlator, "status">;
  readonly proposals: Pick<Proposals, "list" | "find" | "settling">;
  readonly weights: Pick<Weights, "told" | "needed">;
  readonly book: Pick<
    RuleBook,
    "inForce" | "inShadow" | "versions" | "textOf" | "publish" | "endShadow"
  >;
  readonly shadow: Pick<Shadow, "told">;
  readonly trials: Pick<Trials, "run">;
  readonly earlier: Pick<Earlier, "actedOn">;
  readonly vouching: Pick<Vouching, "textOf" | "withdraw">;
  readonly impact: Pick<Impact, "ask">;
  readonly receipts: Receipts;
  /** The feeds that a host follows. */
  followedBy(agent: Agent): readonly FeedName[];
  readonly bundles: Pick<Bundles, "begin">;
  readonly answers: CarriedReceiptPorts["answers"];
  readonly cloudName: string;
  readonly approvals: Pick<Approvals, "all" | "publish">;
  readonly policies: Pick<
    Policies,
    "all" | "of" | "read" | "widenedBy" | "publish"
  >;
  readonly policyHolds: Pick<PolicyHolds, "unhold">;
  readonly bootLog: Pick<BootLog, "clones" | "standing">;
  readonly signing: Pick<Signing, "publish" | "root">;
  readonly telemetry: Pick<
    Telemetry,
    "detections" | "broughtBy" | "sightings" | "contacts" | "totals" | "hostOf"
  >;
  readonly attackers: Pick<
    Attackers,
    "behind" | "within" | "orgsOf" | "hostsOf"
  >;
  readonly attackTimes: Pick<AttackTimes, "over" | "since">;
  readonly countries: Countries;
  readonly present: Pick<Present, "look">;
  readonly statements: Pick<Statements, "statements">;
  readonly index: Pick<FeedIndex, "standing" | "standings">;
  readonly state: Pick<SnapshotWorker, "counts" | "bans" | "browse">;
  readonly gateway: Pick<
    Gateway,
    "isConnected" | "heardAt" | "dismiss" | "capabilitiesOf"
  >;
  /** What enrolment tokens name: only known once the server listens. */
  readonly publicUrl: () => string;
}

/** What watches of the log need. */
export interface LogPorts {
  readonly keeper: Pick<LogKeeper, "head">;
  readonly tree: Pick<TreeWorker, "ask">;
}

export type ApiPorts = AgentApiPorts &
  LogPorts &
  OperatorApiPorts & {
    readonly log: Logger;
    /** Of both doors together. */
    readonly rates: CallerRates;
    readonly answersKept: KeptAnswers;
    readonly decisions: Pick<SqliteDecisions, "lag" | "after" | "subscribe">;
    readonly state: Pick<SnapshotWorker, "trouble">;
  };
