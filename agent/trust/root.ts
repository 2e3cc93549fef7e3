import type { Signature } from "../protocol/container.js";
import { sha256 } from "../protocol/sha256.js";
import { Refused } from "../protocol/refusals.js";
import {
  parseRoot,
  rootBytes,
  type Role,
  type RoleKeys,
  type Root,
} from "../protocol/root-document.js";
import type { SignedText } from "../protocol/signed-text.js";
import type { UnixMs } from "../runtime/clock.js";
import { publicKey, type PublicKey } from "./keys.js";

/**
 * The keys that a root lists, ready to check signatures.
 *
 * `next` checks in the order of PROTOCOL.md, The next root: 1 signed by this root's
 * keys, 2 decodes, 3 follows this one, 4 signed by its own keys. The first root of
 * all is held to the fingerprint that the enrolment token pins (`open`).
 */
export class TrustedRoot {
  readonly #keys: ReadonlyMap<string, PublicKey>;

  private constructor(
    readonly document: Root,
    /** SHA-256 of the signed bytes, in lower-case hex: what tokens pin. */
    readonly fingerprint: string,
  ) {
    this.#keys = new Map(
      document.keys.map(({ public: raw }) => {
        const key = publicKey(Buffer.from(raw, "base64url"));
        return [key.id, key];
      }),
    );
  }

  /**
   * Accepts a root that is the pinned one, signed by its own root keys.
   * @throws Refused when it is another, or not signed by enough of them
   */
  static open(text: SignedText, pin: string): TrustedRoot {
    const bytes = rootBytes(text);
    const fingerprint = sha256(bytes).toString("hex");
    if (fingerprint !== pin) {
      throw new Refused(
        "bad-signature",
        `the root's fingerprint is ${fingerprint}, pinned is ${pin}`,
      );
    }
    const document = parseRoot(text.signed);
    const root = new TrustedRoot(document, fingerprint);
    root.check("root", bytes, decodeSignatures(text));
    return root;
  }

  /** What a host without a cloud has: nobody's signature is good by it. */
  static ofNobody(): TrustedRoot {
    const nobody = { keys: [], threshold: 1 };
    const roles = {
      root: nobody,
      content: nobody,
      head: nobody,
      critical: nobody,
    };
    const dated = { issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
    return new TrustedRoot(
      { type: "root", version: 0, ...dated, keys: [], roles },
      "",
    );
  }

  /**
   * Accepts the root that comes next after this one: enough of this root's own
   * root keys signed it, and enough of those that it lists itself. Whether this
   * root has expired does not matter: a renewed root is what heals that.
   * @throws Refused with the first rule that it breaks; Malformed
   */
  next(text: SignedText): TrustedRoot {
    const bytes = rootBytes(text);
    const signatures = decodeSignatures(text);
    this.check("root", bytes, signatures); // step 1
    const document = parseRoot(text.signed); // step 2
    const fingerprint = sha256(bytes).toString("hex");
    this.#mustPrecede(document.version, fingerprint); // step 3
    const next = new TrustedRoot(document, fingerprint);
    next.check("root", bytes, signatures); // step 4
    return next;
  }

  /**
   * PROTOCOL.md, Verification, step 5, and Approval, step 4.
   * @throws Refused when the date, in milliseconds since 1970, is past its own
   */
  mustBeGoodAt(now: UnixMs): void {
    const { version, expiresAt } = this.document;
    if (now <= expiresAt) return;
    throw new Refused(
      "expired",
      `root ${version} was good until ${new Date(expiresAt).toISOString()}`,
    );
  }

  /**
   * Holds signatures to the role's keys and threshold; each key counts once.
   * PROTOCOL.md, Verification, step 2; The next root, steps 1 and 4; Approval, step 1.
   * @throws Refused when too few of the role's keys signed
   */
  check(role: Role, bytes: Uint8Array, signatures: readonly Signature[]): void {
    const { keys, threshold } = this.roleOf(role);
    const good = new Set<string>();
    for (const { key, signature } of signatures) {
      if (!keys.includes(key) || good.has(key)) continue;
      if (this.#keys.get(key)?.verify(bytes, signature)) good.add(key);
    }
    if (good.size >= threshold) return;
    throw new Refused(
      "bad-signature",
      `${good.size} of ${threshold} needed signatures for ${role} are good; signed by ${signatures.map(({ key }) => key).join(", ")}`,
    );
  }

  /** The role's keys that are listed, by their ids. */
  keysOf(role: Role): ReadonlyMap<string, PublicKey> {
    const { keys } = this.roleOf(role);
    return new Map([...this.#keys].filter(([id]) => keys.includes(id)));
  }

  /** @throws Refused where the root has no such role */
  roleOf(role: Role): RoleKeys {
    const found = this.document.roles[role];
    if (found !== undefined) return found;
    const { version } = this.document;
    throw new Refused("bad-signature", `root ${version} has no role ${role}`);
  }

  /** PROTOCOL.md, The next root, step 3. */
  #mustPrecede(version: number, fingerprint: string): void {
    const own = this.document.version;
    if (version === own + 1) return;
    if (version > own) {
      throw new Refused("gap", `root ${version} does not follow root ${own}`);
    }
    if (version === own && fingerprint !== this.fingerprint) {
      throw new Refused(
        "forked",
        `another root ${own} has the fingerprint ${fingerprint}, this one ${this.fingerprint}`,
      );
    }
    throw new Refused("replayed", `root ${version} is past, at root ${own}`);
  }
}

export function decodeSignatures(text: SignedText): readonly Signature[] {
  return text.signatures.map(({ key, signature }) => ({
    key,
    signature: Buffer.from(signature, "base64url"),
  }));
}

/** What an enrolment token pins. */
export function fingerprintOf(text: SignedText): string {
  return sha256(rootBytes(text)).toString("hex");
}
