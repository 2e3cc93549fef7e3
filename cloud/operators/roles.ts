import type { Role } from "../journal/operator-events.js";

export type { Role } from "../journal/operator-events.js";

/**
 * From who may least to who may most: each may do all that those before may.
 *
 * - `partner` reads the bans of one feed, their collection, and who they are
 * - `viewer` reads everything that is theirs to see
 * - `actuator` is a machine: it orders bans and lifts, within limits of its own
 * - `analyst` orders without these, imports, and refuses proposals
 * - `approver` releases proposals and publishes approvals
 * - `admin` lets people, hosts and orgs in, and sends them away
 */
export const ROLES = [
  ...(["partner", "viewer", "actuator"] as const),
  ...(["analyst", "approver", "admin"] as const),
] satisfies readonly Role[];

/** Whether who has a role may do what needs at least another. */
export const includes = (role: Role, least: Role): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(least);

/** The one of both that may do less. */
export const lesserOf = (a: Role, b: Role): Role => (includes(a, b) ? b : a);
