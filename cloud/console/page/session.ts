import { computed, signal } from "@preact/signals";
import type { Session } from "./api-types.js";
import { ApiProblem, ask, send } from "./api.js";

/** Who works here. */
type Known =
  | { readonly kind: "asking" }
  | { readonly kind: "nobody"; readonly why?: string }
  | { readonly kind: "somebody"; readonly session: Session };

export const known = signal<Known>({ kind: "asking" });

/** Undefined: nobody is signed in. */
export const session = computed(() =>
  known.value.kind === "somebody" ? known.value.session : undefined,
);

export type Role = Session["operator"]["role"];

/** Each includes those before it. */
const ROLES: readonly Role[] = [
  ...(["partner", "viewer", "actuator", "analyst"] as const),
  ...(["approver", "admin"] as const),
];

/** Whether who is signed in may do what takes this role: what one may not is not shown. */
export function may(role: Role): boolean {
  const own = session.value?.operator.role;
  return own !== undefined && ROLES.indexOf(own) >= ROLES.indexOf(role);
}

/** Whether one is of the vendor, and sees every customer. */
export const isVendor = computed(
  () => session.value !== undefined && session.value.operator.org === null,
);

/** Finds out who is signed in. */
export async function findSession(): Promise<void> {
  try {
    const found = await ask<Session>("/session");
    known.value = { kind: "somebody", session: found };
  } catch (error) {
    const isNobody = error instanceof ApiProblem && error.status === 401;
    known.value = isNobody
      ? { kind: "nobody" }
      : { kind: "nobody", why: error instanceof Error ? error.message : "" };
  }
}

/** The session came to its end, whoever ended it. */
export function forgetSession(): void {
  if (known.value.kind === "somebody") {
    known.value = { kind: "nobody", why: "Your session is over." };
  }
}

export async function signOut(): Promise<void> {
  await send("DELETE", "/session");
  known.value = { kind: "nobody" };
}
