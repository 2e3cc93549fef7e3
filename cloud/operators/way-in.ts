import type { Clock } from "../../agent/runtime/clock.js";
import type { Credential, Operator } from "./operator.js";
import { isGood, type Operators } from "./operators.js";
import { StaffRefused } from "./refused.js";

export interface WayInPorts {
  readonly operators: Pick<Operators, "admins" | "credentials">;
  readonly clock: Pick<Clock, "now">;
  /** Whether people of an issuer may sign in here. */
  canSignInAt(issuer: string): boolean;
}

/**
 * Somebody who may let others in has to have a way in, without the one who goes,
 * or what is taken from them.
 * @throws StaffRefused
 */
export function mustLeaveAWayIn(
  ports: WayInPorts,
  leaving: Operator,
  taken?: Credential,
): void {
  const { operators, clock } = ports;
  const then = clock.now() + LASTS_MS;
  const letsIn = (each: Credential): boolean =>
    isGood(each, then) && (each.role === null || each.role === "admin");
  const hasWayIn = ({ id, subject }: Operator): boolean =>
    (subject !== null && ports.canSignInAt(subject.issuer)) ||
    operators
      .credentials(id)
      .some((each) => each.id !== taken?.id && letsIn(each));
  const admins = operators.admins();
  if (!admins.some(({ id }) => id === leaving.id)) return;
  if (taken && !letsIn(taken)) return;
  const left = admins.filter((each) => each.id !== leaving.id || taken);
  if (left.some(hasWayIn)) return;
  throw new StaffRefused(
    ...(["last-admin", "operator", leaving.name] as const),
    `${leaving.name} is the last admin of the vendor with a way in: make another one first`,
  );
}

/** Long enough to make another one by it. */
const LASTS_MS = 24 * 60 * 60 * 1000;
