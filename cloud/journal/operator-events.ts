import type { FeedName } from "../../agent/model/position.js";

/** Who works with the cloud, and what they show to prove who they are. */
export type OperatorEvent =
  | OperatorAdded
  | OperatorJoined
  | OperatorChanged
  | CredentialAdded
  | CredentialRevoked
  | TokenRevoked;

/** What an operator may do; `cloud/operators/roles.ts` has the order of them. */
export type Role =
  "partner" | "viewer" | "actuator" | "analyst" | "approver" | "admin";

/** Up to where a machine's orders are carried out without a person. */
export interface ActuatorLimits {
  /** Orders, of bans and of lifts together. */
  readonly perMinute: number;
  /** Prefix lengths: what is shorter is wider. */
  readonly widestV4: number;
  readonly widestV6: number;
  /** Seconds. */
  readonly longestS: number;
}

/** Who an operator is at an issuer of OpenID Connect. */
export interface Subject {
  readonly issuer: string;
  readonly subject: string;
}

/** A passkey's public side; its counter is no decision, and is kept elsewhere. */
export interface Passkey {
  /** As the browser names it, in base64url. */
  readonly id: string;
  /** COSE, in base64url. */
  readonly publicKey: string;
  /** How the browser may reach it, such as "internal" or "usb". */
  readonly transports?: readonly string[];
}

/** Before 0.5.0: an admin of everything, with one token that does not expire. */
export interface OperatorAdded {
  readonly kind: "operator-added";
  readonly name: string;
  /** SHA-256 of the token, in hex. */
  readonly tokenHash: string;
}

/** A person or a machine may work with the cloud from here on. */
export interface OperatorJoined {
  readonly kind: "operator-joined";
  readonly operator: string;
  readonly name: string;
  readonly role: Role;
  /** Whose hosts they see; null: everybody's. */
  readonly org: string | null;
  /** Of actuators. */
  readonly limits?: ActuatorLimits;
  /** Of partners: the one feed whose bans they read. */
  readonly collection?: FeedName;
  readonly subject?: Subject;
  /** An operator's name, "init", or "oidc:" and an issuer. */
  readonly by: string;
}

/** What is absent stays as it was. */
export interface OperatorChanged {
  readonly kind: "operator-changed";
  readonly operator: string;
  readonly role?: Role;
  readonly org?: string | null;
  readonly disabled?: boolean;
  readonly limits?: ActuatorLimits;
  readonly collection?: FeedName;
  readonly subject?: Subject;
  readonly by: string;
  readonly reason?: string;
}

/** Something that proves who an operator is. No secret is in here. */
export interface CredentialAdded {
  readonly kind: "credential-added";
  readonly operator: string;
  readonly credential: string;
  readonly of: "token" | "passkey" | "password";
  readonly label: string;
  /** Of tokens: SHA-256 of the secret, in hex. */
  readonly tokenHash?: string;
  /** Of tokens that may do less than their operator. */
  readonly role?: Role;
  readonly passkey?: Passkey;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAt: number | null;
  readonly by: string;
}

export interface CredentialRevoked {
  readonly kind: "credential-revoked";
  readonly credential: string;
  readonly by: string;
  readonly reason?: string;
}

/** Nobody enrols with this token any more. */
export interface TokenRevoked {
  readonly kind: "token-revoked";
  readonly tokenHash: string;
  readonly by: string;
  readonly reason?: string;
}
