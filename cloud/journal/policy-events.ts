import type { FeedName } from "../../agent/model/position.js";
import type { PolicySensors } from "../../agent/protocol/policy.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";

/** What a customer's people want of their hosts: what came with 0.6.0. */
export interface PolicyPublished {
  readonly kind: "policy-published";
  readonly org: string;
  /** From 1, one more than that of the org's publication before. */
  readonly version: number;
  readonly policy: OrgPolicy;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The file that it was read from, to go on from. */
  readonly file: string;
  /** Who asked for it: "opr-…", and the name. */
  readonly operator: string;
  readonly by: string;
  /** The decision that a rule holds by it on the hosts of this org alone. */
  readonly held?: string;
  /** The one whose bans count there again by it. */
  readonly unheld?: string;
}

/** What hosts are to go by. */
export interface PolicyPart {
  readonly allow: readonly {
    /** Milliseconds since 1970. */
    readonly until: number;
    readonly why: string;
    readonly ranges: readonly string[];
  }[];
  readonly sensors?: PolicySensors;
}

/** What the hosts of a group are to go by beside what all are. */
export interface GroupPolicy extends PolicyPart {
  readonly name: string;
  /** A host is in it that has one of these tags, or a name like one of these. */
  readonly tags: readonly string[];
  /** `*` stands for any characters. */
  readonly hostnames: readonly string[];
  /** Its hosts follow it beside the usual: "org/<org>/<name>". */
  readonly feed?: FeedName;
}

/** All of an org's policy. */
export interface OrgPolicy extends PolicyPart {
  readonly groups: readonly GroupPolicy[];
  /** What the critical keys let it allow beyond the usual widths. */
  readonly allowance?: SignedText;
  /** The oldest first. */
  readonly holds?: readonly PolicyHold[];
}

/** Bans of a decision that hurt hosts of this org: they are held on all of its hosts. */
export interface PolicyHold {
  readonly decision: string;
  readonly feed: FeedName;
  /** Milliseconds since 1970: no later than the first of the bans runs out. */
  readonly until: number;
  readonly why: string;
  readonly ranges: readonly string[];
}
