import type { Clock } from "../../agent/clock.js";
import type { Logger } from "../../agent/log/logger.js";
import type { FeedName, Position } from "../../agent/model/position.js";
import type { AgentMessage, FeedPlan } from "../../agent/protocol/messages.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Event } from "../journal/events.js";
import type { Journal } from "../journal/journal.js";
import type { Agent } from "../registry/registry.js";

export type TelemetryMessage = AgentMessage & { readonly type: "telemetry" };

/**
 * What became of a telemetry message. `durable`: all its items are in the
 * journal, now or since earlier. `not-kept`: the disk failed.
 */
export type Taken = "durable" | "too-fast" | "not-kept" | "impossible";

/** All that the gateway asks of the rest of the cloud. */
export interface GatewayPorts {
  readonly cloudName: string;
  /** How often either side is heard at least. */
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, "subscribe">;
  /** Who is known by this id. */
  agent(id: string): Agent | undefined;
  /** The feeds that an org's agents follow. */
  feedsOf(org: string): readonly FeedName[];
  plans(
    feeds: readonly FeedName[],
    positions: readonly Position[],
  ): Promise<readonly FeedPlan[]>;
  /** Every segment behind a position, as it stands in this very turn. */
  segmentsAfter(position: Omit<Position, "hash">): readonly Uint8Array[];
  heads(feeds: readonly FeedName[]): readonly SignedText[];
  /** Takes an event down, soon. */
  note(event: Event): void;
  /** Takes telemetry down; resolves once that is certain. */
  takeTelemetry(
    from: { readonly agent: string; readonly org: string },
    message: TelemetryMessage,
  ): Promise<Taken>;
}
