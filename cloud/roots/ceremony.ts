import * as v from "valibot";
import type { Signature } from "../../agent/protocol/container.js";
import { limits } from "../../agent/protocol/limits.js";
import {
  parseRoot,
  requiredRoles,
  roleNames,
  rootBytes,
  type Role,
  type RoleKeys,
  type Root,
} from "../../agent/protocol/root-document.js";
import { KeyId, base64url } from "../../agent/protocol/shapes.js";
import { SignedText, textBytes } from "../../agent/protocol/signed-text.js";
import { keyIdOf, publicKey, type SigningKey } from "../../agent/trust/keys.js";

/** A root that would not do, with everything that is wrong with it. */
export class BadRoot extends Error {
  override readonly name = "BadRoot";
}

/** A key's public half, as it is carried from one machine to another. */
export const PublicKeyFile = v.strictObject({
  id: KeyId,
  algorithm: v.literal("ed25519"),
  public: base64url(32),
});
export type PublicKeyFile = v.InferOutput<typeof PublicKeyFile>;

/** What people sign, each on a machine of their own, and the role that they have. */
export const signedBy = {
  root: "root",
  approval: "critical",
  allowance: "critical",
} as const;
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

/** One key for each role; with one for the log, agents of version 1 cannot read it. */
export type FirstKeys = Readonly<
  Record<(typeof requiredRoles)[number], SigningKey> & { log?: SigningKey }
>;

/** The first root of a cloud that has one key for each role. */
export function firstRoot(keys: FirstKeys, now: number): Root {
  const role = (key: SigningKey) => ({ keys: [key.id], threshold: 1 });
  const { log } = keys;
  return {
    type: "root",
    ...(log && { format: 2 as const }),
    version: 1,
    issuedAt: now,
    expiresAt: now + GOOD_FOR_MS,
    keys: Object.values(keys).map(publicHalf),
    roles: {
      ...(log && { log: role(log) }),
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
  const { add, goodForMs } = changes;
  mustBeKnown(before);
  const after = rolesAfter(before, changes);
  const used = new Set(Object.values(after).flatMap(({ keys }) => keys));
  const known = [...before.keys, ...add.map(({ key }) => key)];
  const listed = new Map(known.map((key) => [key.id, key]));
  const document: Root = {
    type: "root",
    ...(needsFormat2(before, after) && { format: 2 as const }),
    version: before.version + 1,
    issuedAt: now,
    expiresAt: now + goodForMs,
    keys: [...listed.values()].filter(({ id }) => used.has(id)),
    roles: after,
    ...(before.ext && { ext: before.ext }),
  };
  checkRoot(document, now);
  const signers = signersFor("root", before, document);
  return { signed: JSON.stringify(document), signatures: [], signers };
}

function rolesAfter(before: Root, changes: Changes): Root["roles"] {
  const { add, remove, thresholds } = changes;
  const roleAfter = (name: Role): RoleKeys => {
    const { keys, threshold } = before.roles[name] ?? {
      keys: [],
      threshold: 1,
    };
    const added = add.filter((each) => each.role === name);
    const ids = [...keys, ...added.map(({ key }) => key.id)];
    const kept = [...new Set(ids)].filter((id) => !remove.includes(id));
    return { keys: kept, threshold: thresholds[name] ?? threshold };
  };
  const after = roleNames.map((name) => [name, roleAfter(name)] as const);
  // A role that need not be there is there while somebody has it, or is to.
  return Object.fromEntries(
    after.filter(
      ([name, { keys }]) =>
        isRequired(name) || keys.length > 0 || thresholds[name] !== undefined,
    ),
  ) as unknown as Root["roles"];
}

/** @throws BadRoot rather than lose what a later version put there */
function mustBeKnown({ version, roles }: Root): void {
  const unknown = Object.keys(roles).filter((name) => !isKnown(name));
  if (unknown.length === 0) return;
  throw new BadRoot(
    `root ${version} has the roles ${unknown.join(", ")}, which this version does not know: draft the next one by the version that made it`,
  );
}

/** Whoever reads version 1 alone would take it for malformed. */
const needsFormat2 = (before: Root, after: Root["roles"]): boolean =>
  before.format === 2 || Object.keys(after).some((name) => !isRequired(name));

const isRequired = (name: string): boolean =>
  requiredRoles.some((each) => each === name);
const isKnown = (name: string): boolean =>
  roleNames.some((each) => each === name);

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
  const bytes = bytesOf(kind, draft);
  const signature = Buffer.from(key.sign(bytes)).toString("base64url");
  const others = draft.signatures.filter((each) => each.key !== key.id);
  if (others.length >= limits.signatures) {
    throw new BadRoot(`it has ${others.length} signatures already`);
  }
  const own = { key: key.id, signature };
  return { ...draft, signatures: [...others, own] };
}

function bytesOf(kind: Ceremonial, draft: Draft): Buffer {
  if (kind === "root") return rootBytes(draft);
  return textBytes(kind, draft.signed, kind === "allowance" ? 2 : 1);
}

/** @throws Malformed */
export const documentOf = ({ signed }: Draft): Root => parseRoot(signed);

/** Which of the role's keys have signed the draft, and well. */
export function signersOf(
  draft: Draft,
  { keys, roles: by }: Root,
  kind: Ceremonial,
): readonly string[] {
  const bytes = bytesOf(kind, draft);
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

/** The roles that this version knows and the root has, in their order. */
export const knownRoles = ({
  roles,
}: Root): readonly (readonly [Role, RoleKeys])[] =>
  roleNames.flatMap((name) => {
    const role = roles[name];
    return role ? [[name, role] as const] : [];
  });

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
  for (const [name, role] of knownRoles(root)) {
    const { keys, threshold } = role;
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
