import * as v from "valibot";
import { Ext, Name, isObject } from "./ext.js";
import { limits } from "./limits.js";
import { Count, KeyId, Time, base64url, listOf, parseJson } from "./shapes.js";
import {
  textBytes,
  type ProtocolVersion,
  type SignedText,
} from "./signed-text.js";

/** What every root says who may do it. */
export const requiredRoles = ["root", "content", "head", "critical"] as const;

/** What a root of version 2 may say as well; readers pass over what they do not know. */
export const optionalRoles = ["log", "release", "policy"] as const;

export const roleNames = [...requiredRoles, ...optionalRoles];
export type Role = (typeof roleNames)[number];

const RoleKeys = v.strictObject({
  keys: listOf(KeyId, 16, 1),
  threshold: v.pipe(Count, v.minValue(1), v.maxValue(limits.signatures)),
});
export type RoleKeys = v.InferOutput<typeof RoleKeys>;

const required = {
  root: RoleKeys,
  content: RoleKeys,
  head: RoleKeys,
  critical: RoleKeys,
};

const optional = {
  log: v.exactOptional(RoleKeys),
  release: v.exactOptional(RoleKeys),
  policy: v.exactOptional(RoleKeys),
};

const listed = listOf(
  v.strictObject({
    id: KeyId,
    algorithm: v.literal("ed25519"),
    /** The raw 32 bytes. */
    public: base64url(32),
  }),
  64,
);

const common = {
  type: v.literal("root"),
  version: v.pipe(Count, v.minValue(1)),
  issuedAt: Time,
  expiresAt: Time,
  keys: listed,
};

/** Roles of a root, those that nobody here knows among them. */
const MOST_ROLES = 16;

/** What every agent reads. */
export const RootV1 = v.strictObject({
  ...common,
  roles: v.strictObject(required),
});

/** What agents read from 0.4.0 on. */
export const RootV2 = v.strictObject({
  ...common,
  /** Says by itself which prefix it is signed under. */
  format: v.literal(2),
  roles: v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isObject, "is no object"),
    v.check(
      (roles) =>
        Object.keys(roles).length <= MOST_ROLES &&
        Object.keys(roles).every((name) => v.is(Name, name)),
      `has more than ${MOST_ROLES} roles, or one whose name is none`,
    ),
    v.looseObject({ ...required, ...optional }),
  ),
  ext: v.exactOptional(Ext),
});

/** Which keys may sign what. Signed by the root keys themselves. */
export interface Root {
  readonly type: "root";
  /** Absent of what agents of version 1 read. */
  readonly format?: 2;
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly keys: v.InferOutput<typeof listed>;
  /** Those that no reader knows yet are in here as well, as they were found. */
  readonly roles: Readonly<Record<(typeof requiredRoles)[number], RoleKeys>> &
    Readonly<Partial<Record<(typeof optionalRoles)[number], RoleKeys>>>;
  readonly ext?: v.InferOutput<typeof Ext>;
}

/** @throws Malformed */
export const parseRoot = (signed: string): Root =>
  rootFormat(signed) === 2
    ? parseJson(RootV2, signed, "root")
    : parseJson(RootV1, signed, "root");

/**
 * The bytes that signatures on a root are made over: each version has a prefix of
 * its own, and what is signed under it is read in that version's shape alone.
 */
export const rootBytes = ({ signed }: Pick<SignedText, "signed">): Buffer =>
  textBytes("root", signed, rootFormat(signed));

/** Which version of the protocol it takes to read the root. */
export function rootFormat(signed: string): ProtocolVersion {
  try {
    const document: unknown = JSON.parse(signed);
    return isObject(document) && document["format"] === 2 ? 2 : 1;
  } catch {
    return 1; // and its reader will say that it is no JSON
  }
}
