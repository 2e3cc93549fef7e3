import { covers, formatCidr, parseCidr, type Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import { sha256 } from "../protocol/sha256.js";
import { isAtMost, type Translators } from "../model/translators.js";
import {
  ALLOWED_BY_POLICY,
  Allowance,
  Policy,
  WIDEST_ALLOWANCE,
  type PolicySensors,
} from "../protocol/policy.js";
import { Refused } from "../protocol/refusals.js";
import type { Role } from "../protocol/root-document.js";
import { parseJson } from "../protocol/shapes.js";
import { textBytes, type SignedText } from "../protocol/signed-text.js";
import type { UnixMs } from "../runtime/clock.js";
import { decodeSignatures, type TrustedRoot } from "./root.js";

/** A range that bans of feeds are not enforced on for a while. */
export interface AllowedRange {
  readonly cidr: Cidr;
  /** Milliseconds since 1970. */
  readonly until: UnixMs;
  /** For people. */
  readonly why: string;
}

/** A range on which the bans of a feed are held for a while. */
export interface HeldRange extends AllowedRange {
  readonly feed: FeedName;
}

/** What a policy is held against beside the one before; milliseconds since 1970. */
export interface PolicyFloor {
  /** When a root last took one back: what is older may have been by its keys. */
  readonly leastIssuedAt: UnixMs;
  /** When the newest allowance that counted was issued: it took the others back. */
  readonly leastAllowedAt: UnixMs;
}

export const NO_FLOOR: PolicyFloor = { leastIssuedAt: 0, leastAllowedAt: 0 };

/**
 * A policy that enough keys have signed, ready to be asked.
 *
 * Checks in the order of PROTOCOL.md, Policy: `open` does 1 signed by the keys that
 * may, 2 decodes, 3 is for this org, 4 what is wide has an allowance; `mustReplace`
 * does 5 its own date, after the root's (keyring/policy-store.ts), and 6 its version.
 */
export class TrustedPolicy {
  /** SHA-256 of the signed bytes, in lower-case hex. */
  readonly fingerprint: string;
  /** All that it allows, whether or not that has run out. */
  readonly ranges: readonly AllowedRange[];
  readonly #holds: readonly HeldRange[];

  private constructor(
    readonly document: Policy,
    bytes: Uint8Array,
    /** What the critical keys let it allow, where they let it. */
    readonly allowance: Allowance | undefined,
    translators: Translators,
  ) {
    this.fingerprint = sha256(bytes).toString("hex");
    this.ranges = rangesOf(document, allowance, translators);
    this.#holds = (document.holds ?? []).flatMap(({ ranges, ...terms }) =>
      ranges.map((range) => ({ ...terms, cidr: parseCidr(range) })),
    );
  }

  /**
   * Accepts what the root's keys have signed for this org, or for any unless one is
   * given, whether or not it has run out. What is wide only by a translator of the
   * host's own network is left out alone: whoever signs cannot know of that.
   * @throws Refused with the first rule that it breaks; Malformed
   */
  static open(
    text: SignedText,
    root: TrustedRoot,
    org?: string,
    translators: Translators = [],
  ): TrustedPolicy {
    const bytes = textBytes("policy", text.signed, 2);
    root.check(policyRole(root), bytes, decodeSignatures(text)); // step 1
    const document = parseJson(Policy, text.signed, "policy"); // step 2
    mustBeOf(org, document.org); // step 3
    const allowance =
      document.allowance &&
      openAllowance(document.allowance, root, document.org); // step 4
    return new TrustedPolicy(document, bytes, allowance, translators);
  }

  get sensors(): PolicySensors {
    return this.document.sensors ?? {};
  }

  /** Milliseconds since 1970, like every `now` here. */
  isGoodAt(now: UnixMs): boolean {
    return now <= this.document.expiresAt;
  }

  /** What it allows by now. */
  allowedAt(now: UnixMs): readonly AllowedRange[] {
    if (!this.isGoodAt(now)) return [];
    return this.ranges.filter(({ until }) => until > now);
  }

  /** What it holds by now, each until its own end: harm lasts as long as a ban. */
  holdsAt(now: UnixMs): readonly HeldRange[] {
    return this.#holds.filter(({ until }) => until > now);
  }

  /**
   * @throws Refused when it may not take the place of the one that is held
   */
  mustReplace(
    held: TrustedPolicy | undefined,
    now: UnixMs,
    floor: PolicyFloor = NO_FLOOR,
  ): void {
    const { version, issuedAt, expiresAt } = this.document;
    // Step 5.
    if (!this.isGoodAt(now)) {
      const until = new Date(expiresAt).toISOString();
      throw new Refused("expired", `it was good until ${until}`);
    }
    mustBothBeOfToday(this.document, this.allowance, now);
    // Step 6.
    mustNotBeBefore(`policy ${version}`, issuedAt, floor.leastIssuedAt);
    if (this.allowance) {
      const { issuedAt: allowedAt } = this.allowance;
      mustNotBeBefore("its allowance", allowedAt, floor.leastAllowedAt);
    }
    if (held === undefined) return;
    const own = held.document;
    const newer = version - own.version || issuedAt - own.issuedAt;
    if (newer > 0) return;
    if (newer === 0 && this.fingerprint !== held.fingerprint) {
      const why = `another policy ${version} of that moment has the fingerprint ${held.fingerprint}, this one ${this.fingerprint}`;
      throw new Refused("forked", why);
    }
    const why = `policy ${version} is past, at policy ${own.version} of ${new Date(own.issuedAt).toISOString()}`;
    throw new Refused("replayed", why);
  }
}

/** Who signs policies: the keys of their own role, where the root has it. */
export const policyRole = ({ document }: TrustedRoot): Role =>
  document.roles.policy === undefined ? "content" : "policy";

/**
 * What the critical keys let the policies of an org allow.
 * @throws Refused, Malformed
 */
export function openAllowance(
  text: SignedText,
  root: TrustedRoot,
  org: string,
): Allowance {
  const bytes = textBytes("allowance", text.signed, 2);
  root.check("critical", bytes, decodeSignatures(text));
  return readAllowance(text, org);
}

function readAllowance({ signed }: SignedText, org: string): Allowance {
  const allowance = parseJson(Allowance, signed, "allowance");
  mustBeOf(org, allowance.org);
  return allowance;
}

/**
 * What hosts would say of a policy that was published now, but for signatures: for
 * who has no root at hand.
 * @throws Refused, Malformed
 */
export function checkUnsigned(document: Policy, now: UnixMs): void {
  parseJson(Policy, JSON.stringify(document), "policy");
  const { org } = document;
  const allowance =
    document.allowance && readAllowance(document.allowance, org);
  rangesOf(document, allowance, []);
  mustBothBeOfToday(document, allowance, now);
}

/** Whether a policy allows the range by itself, as far as these translators tell. */
export const isNarrow = (cidr: Cidr, translators: Translators = []): boolean =>
  isAtMost(cidr, ALLOWED_BY_POLICY, translators);

/** @throws Refused where something is wide that no allowance names */
function rangesOf(
  { allow }: Policy,
  allowance: Allowance | undefined,
  translators: Translators,
): readonly AllowedRange[] {
  const wide = (allowance?.ranges ?? []).map(parseCidr);
  return allow.flatMap(({ until, why, ranges }) =>
    ranges.map(parseCidr).flatMap((cidr) => {
      if (isNarrow(cidr, translators)) return { cidr, until, why };
      const isNamed = wide.some((each) => covers(each, cidr));
      if (allowance !== undefined && isNamed) {
        if (!isAtMost(cidr, WIDEST_ALLOWANCE, translators)) return [];
        return { cidr, until: Math.min(until, allowance.expiresAt), why };
      }
      if (isNarrow(cidr)) return []; // but for a translator of this host's network
      const name = formatCidr(cidr);
      const what = `${name} is wider than /${ALLOWED_BY_POLICY[cidr.family]}, or the IPv4 in it than /${ALLOWED_BY_POLICY[4]}, and no critical keys allow that`;
      throw new Refused("bad-signature", what);
    }),
  );
}

function mustBothBeOfToday(
  { issuedAt }: Policy,
  allowance: Allowance | undefined,
  now: UnixMs,
): void {
  mustBeOfToday("it", issuedAt, now);
  if (allowance) mustBeOfToday("its allowance", allowance.issuedAt, now);
}

/** A document's term begins now, or it would be good for longer than one may be. */
function mustBeOfToday(what: string, issuedAt: UnixMs, now: UnixMs): void {
  if (issuedAt <= now + MOST_AHEAD_MS) return;
  const date = new Date(issuedAt).toISOString();
  throw new Refused("implausible", `${what} is dated ahead, ${date}`);
}

function mustNotBeBefore(what: string, issuedAt: UnixMs, least: UnixMs): void {
  if (issuedAt >= least) return;
  const [date, since] = [issuedAt, least].map((at) =>
    new Date(at).toISOString(),
  );
  throw new Refused(
    "replayed",
    `${what} is of ${date}, and none of before ${since} comes back`,
  );
}

/** By how much clocks of the cloud and of hosts may differ. */
const MOST_AHEAD_MS = 86_400_000;

function mustBeOf(expected: string | undefined, org: string): void {
  if (expected === undefined || org === expected) return;
  const why = `it is for hosts of ${org}, and this one is of ${expected}`;
  throw new Refused("wrong-audience", why);
}
