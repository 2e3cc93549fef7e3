import {
  hashFromHex,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import type { RefusalCode } from "../../agent/protocol/refusals.js";
import type { Agent } from "../registry/registry.js";
import type { Following } from "./following.js";
import type { Greeting } from "./hello.js";

/** Live data of an agent that has proved who it is. */
export interface Live extends Greeting {
  readonly agent: Agent;
  /** Bearer token for segments and snapshots. */
  readonly secret: string;
  readonly following: Following;
  /** Feeds whose segments are on their way over HTTP. */
  readonly fetching: Set<FeedName>;
  /** Its requests over HTTP that are being answered. */
  readonly exchanges: Set<object>;
}

/** Whether an agent may say it of a feed that it does not follow. */
export const isOfStrangeFeed = (code: RefusalCode): boolean =>
  code === "wrong-feed" || code === "wrong-audience";

export function positionOf(wire: {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly hash: string;
}): Position {
  return { ...wire, hash: hashFromHex(wire.hash) };
}
