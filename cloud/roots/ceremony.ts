import * as v from "valibot";
import type { Signature } from "../../agent/protocol/container.js";
import { Root } from "../../agent/protocol/documents.js";
import { limits } from "../../agent/protocol/limits.js";
import { KeyId, base64url, parseJson } from "../../agent/protocol/shapes.js";
import { SignedText, textBytes } from "../../agent/protocol/signed-text.js";
import { keyIdOf, publicKey, type SigningKey } from "../../agent/trust/keys.js";
import type { Role } from "../../agent/trust/root.js";

/** A root that would not do, with everything that is wrong with it. */
export class BadRoot extends Error {
  override readonly name = "BadRoot";
}

export const roles = ["root", "content", "head", "critical"] as const;

/** A key's public half, as it is carried from one machine to another. */
export const PublicKeyFile = v.strictObject({
  id: KeyId,
  algorithm: v.literal("ed25519"),
  public: base64url(32),
});
export type PublicKeyFile = v.InferOutput<typeof PublicKeyFile>;

/** What people sign, each on a machine of their own, and the role that they have. */
export const signedBy = { root: "root", approval: "critical" } as const;
export type Ceremonial = keyof typeof signedBy;

/** A root, or an approval, on its way to being signed: a signed text that may lack signatures. */
export const Draft = v.strictObject({
  signed: SignedText.entries.signed,
  signatures: v.pipe(
    v.array(v.strictObject({ key: KeyId, signature: base64url(64) })),
    v.maxLength(limits.signatures),
  ),
  /** Ids of the keys that may sign it: a hint for machines that have no root. */
  signers: v.exactOptional(v.pipe(v.array(KeyId), v.maxLength(64))),
});
export type Draft = v.InferOutput<typeof Draft>;

/** How the next root is to differ from the one in force. */
export interface Changes {
  readonly add: readonly { readonly role: Role; readonly key: PublicKeyFile }[];
  /** Ids of keys that are good for nothing any more. */
  readonly remove: readonly string[];
  readonly thresholds: Partial<Record<Role, number>>;
  readonly goodForMs: number;
}

export const publicHalf = ({ id, publicKey }: SigningKey): PublicKeyFile => ({
  id,
  algorithm: "ed25519",
  public: Buffer.from(publicKey).toString("base64url"),
});

/** The first root of a cloud that has one key for each role. */
export function firstRoot(
  keys: Readonly<Record<Role, SigningKey>>,
  now: number,
): Root {
  const role = (key: SigningKey) => ({ keys: [key.id], threshold: 1 });
  return {
    type: "root",
    version: 1,
    issuedAt: now,
    expiresAt: now + GOOD_FOR_MS,
    keys: roles.map((name) => publicHalf(keys[name])),
    roles: {
      root: role(keys.root),
      content: role(keys.content),
      head: role(keys.head),
      critical: role(keys.critical),
    },
  };
}

/** Long enough that a root is renewed calmly. */
export const GOOD_FOR_MS = 2 * 365 * 24 * 60 * 60 * 1000;

/**
 * The root that comes after this one; nobody has signed it yet.
 * @throws BadRoot when it would not do
 */
export function draftAfter(before: Root, changes: Changes, now: number): Draft {
  const { add, remove, thresholds, goodForMs } = changes;
  const role = (name: Role): Root["roles"][Role] => {
    const added = add.filter((each) => each.role === name);
    const ids = [...before.roles[name].keys, ...added.map(({ key }) => key.id)];
    const kept = [...new Set(ids)].filter((id) => !remove.includes(id));
    const threshold = thresholds[name] ?? before.roles[name].threshold;
    return { keys: kept, threshold };
  };
  const after = Object.fromEntries(
    roles.map((name) => [name, role(name)]),
  ) as Root["roles"];
  const used = new Set(roles.flatMap((name) => after[name].keys));
  const known = [...before.keys, ...add.map(({ key }) => key)];
  const listed = new Map(known.map((key) => [key.id, key]));
  const document: Root = {
    type: "root",
    version: before.version + 1,
    issuedAt: now,
    expiresAt: now + goodForMs,
    keys: [...listed.values()].filter(({ id }) => used.has(id)),
    roles: after,
  };
  checkRoot(document, now);
  const signers = signersFor("root", before, document);
  return { signed: JSON.stringify(document), signatures: [], signers };
}

/** Ids of the keys whose signatures can count for a draft that these roots judge. */
export const signersFor = (
  kind: Ceremonial,
  ...judges: readonly Root[]
): string[] => [
  ...new Set(judges.flatMap(({ roles: by }) => by[signedBy[kind]].keys)),
];

/** Adds a key's signature; one that has signed before does so again. */
export function signDraft(
  draft: Draft,
  key: SigningKey,
  kind: Ceremonial,
): Draft {
  const bytes = textBytes(kind, draft.signed);
  const signature = Buffer.from(key.sign(bytes)).toString("base64url");
  const others = draft.signatures.filter((each) => each.key !== key.id);
  if (others.length >= limits.signatures) {
    throw new BadRoot(`it has ${others.length} signatures already`);
  }
  const own = { key: key.id, signature };
  return { ...draft, signatures: [...others, own] };
}

/** @throws Malformed */
export const documentOf = ({ signed }: Draft): Root =>
  parseJson(Root, signed, "root");

/** Which of the role's keys have signed the draft, and well. */
export function signersOf(
  draft: Draft,
  { keys, roles: by }: Root,
  kind: Ceremonial,
): readonly string[] {
  const bytes = textBytes(kind, draft.signed);
  const role = by[signedBy[kind]];
  const isGood = ({ key, signature }: Signature) => {
    const listed = keys.find(({ id }) => id === key);
    if (listed === undefined || !role.keys.includes(key)) return false;
    const raw = Buffer.from(listed.public, "base64url");
    return publicKey(raw).verify(bytes, signature);
  };
  const good = draft.signatures
    .map(({ key, signature }) => ({
      key,
      signature: Buffer.from(signature, "base64url"),
    }))
    .filter(isGood);
  return [...new Set(good.map(({ key }) => key))];
}

/**
 * What the readers of a root do not ask, and whoever makes one should.
 * @throws BadRoot with all that is wrong
 */
export function checkRoot(root: Root, now: number): void {
  const problems: string[] = [];
  const ids = root.keys.map(({ id }) => id);
  if (new Set(ids).size < ids.length) problems.push("a key is listed twice");
  for (const key of root.keys) {
    if (keyIdOf(Buffer.from(key.public, "base64url")) !== key.id) {
      problems.push(`${key.id} is not the id of its key`);
    }
  }
  for (const name of roles) {
    const { keys, threshold } = root.roles[name];
    const listed = new Set(keys.filter((id) => ids.includes(id)));
    if (threshold >= 1 && listed.size >= threshold) continue;
    problems.push(`${name} needs ${threshold} of ${listed.size} keys`);
  }
  if (root.expiresAt <= now) problems.push("it has run out");
  if (problems.length > 0) {
    throw new BadRoot(
      `root ${root.version} would not do: ${problems.join("; ")}`,
    );
  }
}
