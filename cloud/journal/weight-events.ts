/** Whose word counts though it has no standing, and whose no more. */
export type WeightEvent = OrgVouched | VouchWithdrawn;

/** An admin, and a second person, answer for what the hosts of an org say. */
export interface OrgVouched {
  readonly kind: "org-vouched";
  readonly org: string;
  /** Who asked for it. */
  readonly by: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Nobody answers for the org any more. */
export interface VouchWithdrawn {
  readonly kind: "vouch-withdrawn";
  readonly org: string;
  readonly by: string;
  readonly reason: string;
}
