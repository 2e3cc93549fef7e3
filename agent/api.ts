import type { ContactList } from "./attribution/attribution.js";
import type { Identity } from "./config/identity.js";
import type { Enforcer, HitList } from "./enforce/enforcer.js";
import type { HostFacts } from "./guard/facts.js";
import type { RuleName } from "./guard/guard.js";
import type { CloudTrust } from "./keyring/cloud-trust.js";
import type { PolicyStore } from "./keyring/policy-store.js";
import type { DeviceKeyRotation } from "./keyring/device-key-rotation.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Cidr } from "./model/cidr.js";
import type { FeedName } from "./model/position.js";
import type { StorageState } from "./model/storage.js";
import type { SensorView } from "./sensors/sensor-view.js";
import type { LinkStatus } from "./uplink/link-status.js";
import type { Carry } from "./walks/carry/carry.js";
import type { OperatorOrders } from "./walks/operator/operator-orders.js";
import type { DriftView } from "./walks/reconcile/drift-control.js";
import type { ProbeView } from "./walks/reconcile/probe.js";
import type { CutStatus } from "./walks/reconcile/session-cutter.js";
import type { TelemetryWalk } from "./walks/telemetry/telemetry-walk.js";
import type { VerdictView } from "./walks/telemetry/verdict-watch.js";
import type { TrialView } from "./walks/trial/trial-watch.js";

/** Of the ledger what can be asked without changing it. */
export type LedgerView = Pick<
  Ledger,
  | "id"
  | "revision"
  | "mode"
  | "position"
  | "positions"
  | "counts"
  | "unkept"
  | "list"
  | "held"
  | "bansOn"
  | "bansWithin"
> & {
  readonly overrides: Pick<
    Ledger["overrides"],
    "history" | "orders" | "pausedUntil" | "reach" | "releases" | "withheld"
  >;
};

/** What there is to see of an agent, for those who ask over the control socket. */
export interface AgentView {
  readonly ledger: LedgerView;
  readonly enforcer: Pick<
    Enforcer,
    "read" | "hasBan" | "wouldDrop" | "hits" | "totals"
  >;
  /** Who this host is to its cloud; undefined where it has none. */
  readonly identity:
    Pick<Identity, "agent" | "org" | "cloud" | "url"> | undefined;
  readonly link: Pick<LinkStatus, "state" | "hasCaughtUp">;
  readonly telemetry: Pick<TelemetryWalk, "view" | "lastHour">;
  readonly trust: {
    readonly roots: Pick<CloudTrust["roots"], "current">;
    readonly heads: Pick<CloudTrust["heads"], "sights">;
    readonly log: Pick<CloudTrust["log"], "sight">;
  };
  /** What the customer wants of this host. */
  readonly policies: Pick<
    PolicyStore,
    "isOff" | "newest" | "current" | "allowed" | "held" | "feeds"
  >;
  /** The feeds that this host follows now. */
  readonly followed: () => readonly FeedName[];
  /** What was carried here by hand, and what is to be carried back. */
  readonly carried: Pick<Carry, "mark" | "receipts">;
  /** What became of open sessions; undefined where nothing is dropped anyway. */
  readonly cut: CutStatus | undefined;
  /** Changes that have not yet proved harmless. */
  trials(): readonly TrialView[];
  readonly drift: { readonly view: DriftView };
  /** What this host does with bans, in one word. */
  verdict(): Promise<VerdictView>;
  /** Whether packets were seen to be stopped; undefined where nothing is dropped. */
  proof(): ProbeView | undefined;
  /** Ways on which packets pass this host without meeting a ban. */
  uncovered(): readonly string[];
  /** It crashed again and again: everything is left as it is for a while. */
  readonly safeMode: boolean;
  /**
   * How much room the state folder leaves, and which of the operator's orders
   * nothing but this process remembers, in their words.
   */
  storage(): {
    readonly state: StorageState;
    readonly untilRestart: readonly string[];
  };
  facts(): HostFacts;
  hits(): Promise<HitList>;
  /** What sensors have read, one for each place. */
  sensors(): readonly SensorView[];
  /** Who on this host called banned addresses. */
  contacts(): ContactList;
  /** The guard's rule that would hold a ban on this range. */
  guardedBy(cidr: Cidr): RuleName | undefined;
}

/** What those who may speak over the control socket can order. */
export interface AgentOrders {
  readonly orders: Pick<
    OperatorOrders,
    | "turnTo"
    | "pause"
    | "release"
    | "ban"
    | "lift"
    | "endRelease"
    | "rollBack"
    | "undoRollbacks"
    | "confirm"
  >;
  readonly rekeying: Pick<DeviceKeyRotation, "rekey">;
  readonly carry: Pick<Carry, "apply">;
  /** What an upgrade asks of the program before and after it. */
  readonly upgrading: {
    /** Copies the ledger, whole, into a file that nobody has yet. */
    copyTo(path: string): Promise<void>;
    /** Sends a packet to a banned address now, and not within a minute. */
    prove(): Promise<void>;
  };
}
