import type { AgentEvents } from "../../events/events.js";
import type { ApprovalStore } from "../../keyring/approval-store.js";
import type { HeadMonitor } from "../../keyring/head-monitor.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import type { RootStore } from "../../keyring/root-store.js";
import type { FeedName, Position } from "../../model/position.js";
import type { Head } from "../../protocol/documents.js";
import type { State } from "../../protocol/documents-v2.js";
import type { FromCloud } from "../../protocol/wire.js";
import type { SignedText } from "../../protocol/signed-text.js";
import type { Clock } from "../../runtime/clock.js";
import type { Session } from "../../uplink/uplink.js";
import type { BanSteps, Enforced } from "../ban/ban-walk.js";
import type { Asked } from "../telemetry/requests.js";

/** What following the cloud's feeds needs. */
export interface FollowPorts {
  readonly step: BanSteps;
  readonly clock: Clock;
  readonly events: AgentEvents;
  /** What this agent follows; a welcome may leave some plans for later. */
  readonly feeds: () => readonly FeedName[];
  /** From 0 to 1. */
  readonly random: () => number;
  position(feed: FeedName): Position | undefined;
  verifyHead(head: SignedText): Head;
  verifyState(state: SignedText): State;
  /** When the cloud said that the state is still so; throws if it did not. */
  verifyBeat(beat: Uint8Array, state: SignedText): number;
  /** A head was signed at this time, in milliseconds since 1970, and is no old one. */
  readonly dated: (time: number) => void;
  readonly watch: Pick<HeadMonitor, "hear" | "head" | "level" | "took">;
  readonly roots: Pick<RootStore, "hear" | "claimed" | "isBehind">;
  readonly approvals: Pick<ApprovalStore, "hear">;
  readonly policies: Pick<PolicyStore, "hear">;
  /** Takes the roots that this host has missed, if they can be had. */
  catchUpRoots(session: Session): Promise<void>;
  /** Signed segments from op `from` on, one behind the other. */
  fetchSegments(
    session: Session,
    at: { feed: FeedName; epoch: string; from: number },
  ): Promise<Uint8Array>;
  fetchSnapshot(
    session: Session,
    plan: { sha256: string; bytes: number },
  ): Promise<Uint8Array>;
  /** A link is up: facts may have changed, and receipts may have been lost. */
  linkUp(session: Session): Promise<void>;
  /** The agent stands where the cloud does, in every feed. */
  caughtUp(): void;
  /** The cloud has these items of telemetry for good. */
  acknowledged(ack: FromCloud & { readonly type: "telemetry-ack" }): void;
  /** The cloud asks something of this host; the session is told, soon. */
  asked(question: Asked, session: Session): void;
  /** Gives the receipt of what is in force now. */
  answer(outcome: Enforced): void;
  /** Ends the stream of items: there is no going on. */
  stop(): void;
}
