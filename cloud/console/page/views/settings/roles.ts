import type { Role } from "../../session.js";

/** What who has a role may do; each may do what those before may. */
export const ROLES_EXPLAINED: Readonly<Record<Role, string>> = {
  partner: "read the bans of one feed",
  viewer: "read everything that is theirs to see",
  actuator: "ban and lift within bounds, as a machine",
  analyst: "ban, lift, import lists, and refuse proposals",
  approver: "release what others propose, and publish",
  admin: "let people, hosts and customers in, and send them away",
};

/** From who may least to who may most. */
export const ROLES = Object.keys(ROLES_EXPLAINED) as readonly Role[];

/** Of people: machines and partners are let in with bounds of their own. */
export const PEOPLES_ROLES: readonly Role[] = [
  ...(["viewer", "analyst", "approver", "admin"] as const),
];

/** What one may choose from: roles that include no more than one's own. */
export const upTo = (most: Role, roles = ROLES): readonly Role[] =>
  roles.filter((role) => ROLES.indexOf(role) <= ROLES.indexOf(most));

export const roleChoices = (roles: readonly Role[]) =>
  roles.map((role) => [role, `${role}: may ${ROLES_EXPLAINED[role]}`] as const);
