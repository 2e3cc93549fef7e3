import {
  isOfGroup,
  type FeedName,
  type Position,
} from "../../agent/model/position.js";
import { POLICY } from "../../agent/protocol/capabilities.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { FromAgent } from "../../agent/protocol/wire.js";
import { orgOf } from "../feeds/audience.js";
import type { Greeting } from "./hello.js";
import { positionOf, type Live } from "./live.js";
import type { GatewayPorts } from "./ports.js";

type Ports = Pick<GatewayPorts, "feedsOf">;

/**
 * The feeds that a session begins with: of groups, those that the agent has something
 * of. It asks for others once it knows by its policy that it follows them.
 */
export function feedsAtFirst(
  { agent, capabilities, hello: { positions } }: Greeting,
  ports: Ports,
): readonly FeedName[] {
  const named = new Set(positions.map(({ feed }) => feed));
  return ports
    .feedsOf(agent)
    .filter(
      (feed) =>
        !isOfGroup(feed) || (capabilities.has(POLICY) && named.has(feed)),
    );
}

export type Resume = FromAgent & { readonly type: "resume" };

interface Resumed {
  readonly feed: FeedName;
  readonly position: Position | undefined;
  /** It follows the feed from now on. */
  readonly isNew: boolean;
  /** What it is to know first. */
  readonly approvals: readonly SignedText[];
}

/**
 * Where an agent goes on from: in a feed that it follows, or in one of a group that it
 * is in, which it follows from then on. Undefined of a group that it is not in, as it
 * may have been a moment ago.
 * @throws Malformed
 */
export function checkResume(
  { feed, position: at }: Resume,
  { agent, capabilities, following }: Live,
  ports: Pick<GatewayPorts, "feedsOf" | "approvals">,
): Resumed | undefined {
  const position = at && positionOf(at);
  const isOwn = following.has(feed) || isOwnGroup(feed, agent.org);
  if (!isOwn || (position && position.feed !== feed)) {
    throw new Malformed("resume", `is not for a feed of ${agent.id}`);
  }
  if (following.has(feed))
    return { feed, position, isNew: false, approvals: [] };
  const isIn = capabilities.has(POLICY) && ports.feedsOf(agent).includes(feed);
  if (!isIn) return undefined;
  following.add(feed);
  return { feed, position, isNew: true, approvals: ports.approvals([feed]) };
}

/** Whether a feed is of a group of this org, whoever is in that. */
export const isOwnGroup = (feed: FeedName, org: string): boolean =>
  isOfGroup(feed) && orgOf(feed) === org;
