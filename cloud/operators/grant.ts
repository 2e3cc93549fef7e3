import type { FeedName } from "../../agent/model/position.js";
import { orgOf } from "../feeds/audience.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import type { Caller } from "./caller.js";
import { StaffRefused } from "./refused.js";
import { includes, type Role } from "./roles.js";

/** What an operator may do, and for whom. */
export interface Grant {
  readonly role: Role;
  readonly org: string | null;
  readonly limits: ActuatorLimits | null;
  readonly collection: FeedName | null;
}

interface Known {
  hasOrg(org: string): boolean;
  hasFeed(feed: FeedName): boolean;
}

/**
 * Nobody gives more than they have themselves, and a machine or a partner nothing
 * without its bounds.
 * @throws StaffRefused
 */
export function mustBeGrantable(grant: Grant, by: Caller, known: Known): void {
  const { role } = grant;
  if (!includes(by.role, role)) {
    const message = `${by.name} is ${by.role}, and can make nobody ${role}`;
    throw new StaffRefused("not-allowed", "role", role, message);
  }
  mustBeOwnOrg(grant, by, known);
  mustFit("limits", "an actuator", grant.limits, role === "actuator");
  mustFit("collection", "a partner", grant.collection, role === "partner");
  if (grant.collection !== null) mustBeReadable(grant.collection, grant, known);
}

function mustBeOwnOrg({ org }: Grant, by: Caller, known: Known): void {
  if (org === null) {
    if (by.org === null) return;
    const message = `${by.name} is of ${by.org}, and can make nobody vendor-wide`;
    throw new StaffRefused("not-allowed", "org", undefined, message);
  }
  const isTheirs = by.org === null || by.org === org;
  if (isTheirs && known.hasOrg(org)) return;
  throw new StaffRefused("unknown", "org", org, `there is no org ${org}`);
}

function mustFit(
  field: "limits" | "collection",
  whose: string,
  value: unknown,
  isTheirs: boolean,
): void {
  if ((value !== null) === isTheirs) return;
  const message = isTheirs
    ? `${whose} needs ${field}`
    : `${field} are for ${whose} alone`;
  throw new StaffRefused("invalid", field, undefined, `${field}: ${message}`);
}

function mustBeReadable(
  collection: FeedName,
  { org }: Grant,
  known: Known,
): void {
  const isForeign =
    org !== null && ![undefined, org].includes(orgOf(collection));
  if (!isForeign && known.hasFeed(collection)) return;
  const message = `there is no feed ${collection}`;
  throw new StaffRefused("unknown", "collection", collection, message);
}
