import { computed, signal } from "@preact/signals";
import type { Session } from "./api-types.js";
import { ApiProblem, ask, send } from "./api.js";

/** Who works here. */
type Known =
  | { readonly kind: "asking" }
  | { readonly kind: "nobody"; readonly why?: string }
  | { readonly kind: "somebody"; readonly session: Session }
  /** It came to its end: what they were at stays, until they come back or leave. */
  | {
      readonly kind: "over";
      readonly session: Session;
      readonly isAsked: boolean;
    };

export const known = signal<Known>({ kind: "asking" });

/** Undefined: nobody is signed in. It may have come to its end just now. */
export const session = computed(() =>
  "session" in known.value ? known.value.session : undefined,
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

/** The session came to its end, whoever ended it. Who asks later stays in peace. */
export function forgetSession(): void {
  if (known.peek().kind === "somebody") signInAnew();
}

/** Asks who was here to sign in: they want something done, or come back. */
export function signInAnew(): void {
  const who = known.peek();
  if ("session" in who) {
    known.value = { kind: "over", session: who.session, isAsked: true };
  }
}

/** Who was asked to sign in anew wants to look at what they were at first. */
export function askLater(): void {
  const who = known.peek();
  if (who.kind === "over") known.value = { ...who, isAsked: false };
}

/** @throws ApiProblem, Unreachable: one is signed in still */
export async function signOut(): Promise<void> {
  try {
    await send("DELETE", "/session");
  } catch (error) {
    const isOver = error instanceof ApiProblem && error.status === 401;
    if (!isOver) throw error;
  }
  known.value = { kind: "nobody" };
}
