import type { Socket } from "node:net";
import type { Logger } from "../../agent/log/logger.js";
import type { FeedName, Position } from "../../agent/model/position.js";
import type { FeedPlan, ImpactAnswer } from "../../agent/protocol/messages.js";
import type {
  ProtocolVersion,
  SignedText,
} from "../../agent/protocol/signed-text.js";
import type { FromAgent } from "../../agent/protocol/wire.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { WayAsked } from "../feeds/recovery.js";
import type { StateWord } from "../feeds/states.js";
import type { SegmentSealed } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import type { Dropped } from "../log/drops.js";
import type { ReceiptIntake } from "../receipts/receipt-intake.js";
import type { CloneDetector } from "../registry/clone-detector.js";
import type { Agent } from "../registry/registry.js";
import type { CheckItems, Taken } from "../telemetry/intake.js";

export type TelemetryMessage = FromAgent & { readonly type: "telemetry" };

/** All that the gateway asks of the rest of the cloud. */
export interface GatewayPorts {
  readonly cloudName: string;
  /** How often either side is heard at least. */
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly decisions: Pick<Decisions, "subscribe">;
  /** Whether upgrades on a path are for somebody else at this door. */
  isElsewhere(path: string): boolean;
  /** Whether one more session may begin from the address now. */
  admit(address: string): boolean;
  /** An agent has proved at this connection who it is. */
  welcomed(socket: Socket): void;
  /** Something was over a budget. */
  dropped(what: Dropped): void;
  /** Who is known by this id. */
  agent(id: string): Agent | undefined;
  /** Whether there is news of an agent that is not in what is known. */
  isBehindOn(agent: string): boolean;
  /** The feeds that an agent follows, those of its groups as they are now as well. */
  feedsOf(agent: Agent): readonly FeedName[];
  /** The way to the present, or what has to be built before there is one. */
  plan(
    feed: FeedName,
    position: Position | undefined,
    by: WayAsked,
  ): FeedPlan | Promise<unknown>;
  /** Whether an agent stands where this cloud has never been. */
  isAhead(position: Position): boolean;
  /** Every segment behind a position, as it stands in this very turn. */
  segmentsAfter(position: Omit<Position, "hash">): readonly SegmentSealed[];
  heads(feeds: readonly FeedName[]): readonly SignedText[];
  /** The same as agents of version 2 are told it, signed once a second at most. */
  state(feeds: readonly FeedName[]): StateWord;
  /** What the critical keys allow these feeds. */
  approvals(feeds: readonly FeedName[]): readonly SignedText[];
  /** What the customer wants of a host of its; undefined for nothing. */
  policy(agent: Agent): SignedText | undefined;
  /** What this cloud can do beyond what version 2 asks of all. */
  capabilities(): readonly string[];
  /** Version of the newest root that is read by who speaks this version. */
  newestRoot(protocol: ProtocolVersion): number;
  /** A segment as agents may take it now, whoever signed it when it was made. */
  signedAnew(segment: SegmentSealed): SegmentSealed;
  /** Knows one start of an agent from another. */
  readonly boots: Pick<CloneDetector, "seen">;
  /** Takes down, soon, what agents say, as far as it is news. */
  readonly answers: Pick<
    ReceiptIntake,
    "hello" | "receipt" | "refusal" | "seen"
  >;
  /** An agent says what a ban would cut on it, or that it won't. */
  impactHeard(agent: string, answer: ImpactAnswer): void;
  /** Takes telemetry down, checked so far; resolves once that is certain. */
  takeTelemetry(
    from: { readonly agent: string; readonly org: string },
    message: TelemetryMessage,
    check: CheckItems,
  ): Promise<Taken>;
}
