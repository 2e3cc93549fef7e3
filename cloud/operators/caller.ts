import type { FeedName } from "../../agent/model/position.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import type { Operator } from "./operator.js";
import { lesserOf, type Role } from "./roles.js";

/** Who asks for something, for as long as it takes to answer. */
export interface Caller {
  /** "opr-…". */
  readonly operator: string;
  readonly name: string;
  readonly role: Role;
  /** The only org whose hosts they see; null: the vendor's own people. */
  readonly org: string | null;
  /** What proved who they are: "tok-…" or "ses-…". */
  readonly credential: string;
  /** The address that they come from, or "socket": by the cloud's own folder. */
  readonly from: string;
  /** Until when they may do what is dangerous, in ms since 1970; null: not now. */
  readonly steppedUpUntil: number | null;
  /** Of actuators. */
  readonly limits: ActuatorLimits | null;
  /** Of partners: the one feed whose bans they read. */
  readonly collection: FeedName | null;
}

/** By what somebody came, once it is known who they are. */
export interface Arrival {
  readonly credential: string;
  readonly from: string;
  readonly steppedUpUntil: number | null;
  /** Of a credential that may do less than its operator. */
  readonly role?: Role | null;
}

/** Where who may open the cloud's folder comes from. */
export const SOCKET = "socket";

/** An operator as a caller: never more than they, or their credential, may. */
export function callerOf(operator: Operator, arrival: Arrival): Caller {
  const { credential, from, steppedUpUntil } = arrival;
  const role = lesserOf(operator.role, arrival.role ?? operator.role);
  return {
    ...{ operator: operator.id, name: operator.name, role, org: operator.org },
    ...{ credential, from, steppedUpUntil },
    limits: role === "actuator" ? operator.limits : null,
    collection: role === "partner" ? operator.collection : null,
  };
}
