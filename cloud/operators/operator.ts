import type { FeedName } from "../../agent/model/position.js";
import type {
  ActuatorLimits,
  CredentialAdded,
  Passkey,
  Subject,
} from "../journal/operator-events.js";
import type { Role } from "./roles.js";

/** A person or a machine that works with the cloud. Times in ms since 1970. */
export interface Operator {
  /** "opr-…". */
  readonly id: string;
  /** Nobody else has it who is not disabled. */
  readonly name: string;
  readonly role: Role;
  /** The only org whose hosts they see; null: everybody's. */
  readonly org: string | null;
  /** Of actuators. */
  readonly limits: ActuatorLimits | null;
  /** Of partners. */
  readonly collection: FeedName | null;
  readonly subject: Subject | null;
  readonly addedAt: number;
  readonly addedBy: string;
  readonly disabledAt: number | null;
}

/** What proves who an operator is. */
export interface Credential {
  /** "tok-…", "key-…" or "pwd-…". */
  readonly id: string;
  readonly operator: string;
  readonly of: CredentialAdded["of"];
  readonly label: string;
  /** Where it may do less than its operator. */
  readonly role: Role | null;
  readonly passkey: Passkey | null;
  readonly addedAt: number;
  readonly addedBy: string;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
  readonly revokedWhy: string | null;
}
