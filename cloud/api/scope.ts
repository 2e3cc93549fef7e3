import type { FeedName } from "../../agent/model/position.js";
import { isFor, orgOf } from "../feeds/audience.js";
import type { Caller } from "../operators/caller.js";
import type { Agent } from "../registry/registry.js";
import type {
  ProposedOrders,
  WaitingOrder,
} from "../two-persons/proposed-orders.js";
import { agentsCalled, onlyOne } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { unknown, type ApiProblem } from "./problem.js";

/**
 * What a caller sees and steers. Whatever is somebody else's is answered as if it
 * were not there, in the same words: who asks learns nothing of other orgs.
 */

/** Whether what belongs to an org is there for the caller. */
export const sees = ({ org }: Pick<Caller, "org">, whose: string): boolean =>
  org === null || org === whose;

/** Whether the caller may read a feed's bans: everybody's, and those of the own org. */
export const mayRead = (
  { role, org, collection }: Caller,
  feed: FeedName,
): boolean =>
  role === "partner" ? feed === collection : org === null || isFor(org, feed);

/** Whether the caller may order in a feed: an org's operators in their own alone. */
export const mayOrder = (
  { role, org }: Pick<Caller, "role" | "org">,
  feed: FeedName,
): boolean => role !== "partner" && (org === null || orgOf(feed) === org);

/** The feeds whose bans the caller may read; undefined: all there are. */
export function readableFeeds(
  caller: Caller,
  { index }: Feeds,
): readonly FeedName[] | undefined {
  if (caller.role !== "partner" && caller.org === null) return undefined;
  const all = index.standings().map(({ feed }) => feed);
  return all.filter((feed) => mayRead(caller, feed));
}

/** The feed that is meant where none is named: an org's operators have one. */
export const usualFeed = (
  { org }: Pick<Caller, "org">,
  usual: FeedName,
): FeedName => (org === null ? usual : `org/${org}`);

/** Who ordered something, for one who may know: of everybody's feeds, orgs are told of rules alone. */
export function nameSeen(
  { org }: Pick<Caller, "org">,
  { by, feed }: { readonly by: string; readonly feed: FeedName },
): string | null {
  const isNamed = org === null || orgOf(feed) === org || by.startsWith("rule:");
  return isNamed ? by : null;
}

type Feeds = Pick<OperatorApiPorts, "index">;

/** @throws ApiProblem when there is no such feed, or none that the caller reads */
export function mustBeReadable(
  caller: Caller,
  feed: FeedName,
  { index }: Feeds,
): void {
  if (mayRead(caller, feed) && index.standing(feed) !== undefined) return;
  throw unknownFeed(feed);
}

/** @throws ApiProblem when there is no such feed, or none to order in */
export function mustBeOrderable(
  caller: Caller,
  feed: FeedName,
  { index }: Feeds,
): void {
  if (mayOrder(caller, feed) && index.standing(feed) !== undefined) return;
  throw unknownFeed(feed);
}

/** @throws ApiProblem when there is no such org, or it is not the caller's */
export function mustBeOwnOrg(
  caller: Pick<Caller, "org">,
  org: string,
  { registry }: Pick<OperatorApiPorts, "registry">,
): void {
  if (sees(caller, org) && registry.org(org) !== undefined) return;
  throw unknownOrg(org);
}

/**
 * The caller's agent with this id or, where it is the only one, on the host of
 * this name.
 * @throws ApiProblem when there is none, or there are several
 */
export function ownAgent(
  caller: Pick<Caller, "org">,
  name: string,
  { registry }: Pick<OperatorApiPorts, "registry">,
): Agent {
  const found = agentsCalled(name, registry);
  return onlyOne(
    name,
    found.filter(({ org }) => sees(caller, org)),
  );
}

export const unknownFeed = (feed: string): ApiProblem =>
  unknown("feed", feed, `there is no feed ${feed}`);

export const unknownOrg = (org: string): ApiProblem =>
  unknown("org", org, `there is no org ${org}`);

/** The order that a proposal is, if it is one that the caller sees. */
export function orderSeen(
  caller: Caller,
  id: string,
  { waiting }: { readonly waiting: Pick<ProposedOrders, "order"> },
): WaitingOrder | undefined {
  const order = waiting.order(id);
  if (order === undefined) return undefined;
  return sees(caller, order.ownOrg ?? "") ? order : undefined;
}
