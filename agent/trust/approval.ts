import { formatCidr, parseCidr, widened, type Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { Ring } from "../model/rings.js";
import { sha256 } from "../protocol/sha256.js";
import {
  Approval,
  type RaisedLimits,
  type Rollout,
} from "../protocol/documents.js";
import { Refused } from "../protocol/refusals.js";
import { parseJson } from "../protocol/shapes.js";
import { textBytes, type SignedText } from "../protocol/signed-text.js";
import type { UnixMs } from "../runtime/clock.js";
import { decodeSignatures, type TrustedRoot } from "./root.js";

/**
 * An approval that enough critical keys have signed, ready to be asked.
 *
 * Checks in the order of PROTOCOL.md, Approval: `open` does 1 signed by critical
 * keys, 2 decodes, 3 its feed is followed; `mustReplace` does 4 its own date, after
 * the root's (keyring/approval-store.ts), and 5 its version.
 */
export class TrustedApproval {
  /** SHA-256 of the signed bytes, in lower-case hex. */
  readonly fingerprint: string;
  readonly #ranges = new Map<string, Rollout["notBefore"][]>();
  readonly #prefixes: ReadonlySet<number>;

  private constructor(
    readonly document: Approval,
    bytes: Uint8Array,
  ) {
    this.fingerprint = sha256(bytes).toString("hex");
    const prefixes = new Set<number>();
    for (const { notBefore, ranges } of document.rollouts) {
      for (const cidr of ranges.map(parseCidr)) {
        prefixes.add(cidr.prefix);
        const name = formatCidr(cidr);
        const times = this.#ranges.get(name) ?? [];
        this.#ranges.set(name, [...times, notBefore]);
      }
    }
    this.#prefixes = prefixes;
  }

  /**
   * Accepts what the root's critical keys have signed for one of these feeds, or
   * for any unless some are given, whether or not it has run out.
   * @throws Refused with the first rule that it breaks; Malformed
   */
  static open(
    text: SignedText,
    root: TrustedRoot,
    feeds?: readonly FeedName[],
  ): TrustedApproval {
    const bytes = textBytes("approval", text.signed);
    root.check("critical", bytes, decodeSignatures(text)); // step 1
    const document = parseJson(Approval, text.signed, "approval"); // step 2
    // Step 3.
    if (feeds?.includes(document.feed) ?? true) {
      return new TrustedApproval(document, bytes);
    }
    const why = `${document.feed} is not followed here`;
    throw new Refused("wrong-feed", why);
  }

  get feed(): FeedName {
    return this.document.feed;
  }

  /** What it lets the feed do beyond the limits, while it is good. */
  get limits(): RaisedLimits {
    return this.document.limits ?? {};
  }

  /** How many ranges it names. */
  get size(): number {
    return this.#ranges.size;
  }

  /** Milliseconds since 1970, like every `now` here. */
  isGoodAt(now: UnixMs): boolean {
    return now <= this.document.expiresAt;
  }

  /** Whether hosts of the ring may enforce a ban on the range by now. */
  allows(cidr: Cidr, ring: Ring, now: UnixMs): boolean {
    if (!this.isGoodAt(now)) return false;
    return this.#around(cidr).some((notBefore) => notBefore[ring] <= now);
  }

  /** Whether it names the range, or one around it, for whatever time. */
  names(cidr: Cidr): boolean {
    return this.#around(cidr).length > 0;
  }

  /** A digest: it changes whenever hosts of the ring may do something else by it. */
  standing(ring: Ring, now: UnixMs): string {
    if (!this.isGoodAt(now)) return "";
    const begun = this.document.rollouts.map(({ notBefore }) =>
      Number(notBefore[ring] <= now),
    );
    return `${this.fingerprint} ${begun.join("")}`;
  }

  /** @throws Refused when it may not take the place of the one that is held */
  mustReplace(held: TrustedApproval | undefined, now: UnixMs): void {
    const { feed, version, expiresAt } = this.document;
    // Step 4.
    if (!this.isGoodAt(now)) {
      const until = new Date(expiresAt).toISOString();
      throw new Refused("expired", `it was good until ${until}`);
    }
    // Step 5.
    if (held === undefined || version > held.document.version) return;
    const own = held.document.version;
    if (version === own && this.fingerprint !== held.fingerprint) {
      const why = `another approval ${own} of ${feed} has the fingerprint ${this.fingerprint}, this one ${held.fingerprint}`;
      throw new Refused("forked", why);
    }
    const why = `approval ${version} of ${feed} is past, at approval ${own}`;
    throw new Refused("replayed", why);
  }

  /** When each rollout that covers the range comes to each ring. */
  #around(cidr: Cidr): readonly Rollout["notBefore"][] {
    return [...this.#prefixes]
      .filter((prefix) => prefix <= cidr.prefix)
      .flatMap(
        (prefix) => this.#ranges.get(formatCidr(widened(cidr, prefix))) ?? [],
      );
  }
}
