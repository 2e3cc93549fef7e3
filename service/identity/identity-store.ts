import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseIdentity, type Identity } from "../../agent/config/identity.js";
import type { KeyStore } from "../../agent/keyring/device-keys.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import {
  generateKey,
  keyFromPem,
  type SigningKey,
} from "../../agent/trust/keys.js";
import { lastAside } from "./machine.js";
import { checkFolder, readPrivate } from "./private-files.js";
import { endStandingAlone } from "./stand-alone.js";

/** What makes this host the agent that its cloud knows. */
export interface StoredIdentity {
  readonly identity: Identity;
  readonly deviceKey: SigningKey;
  readonly keyStore: KeyStore;
}

/** @throws Failure when the host is not enrolled, or the files are not safe */
export function readIdentity(stateDir: string): StoredIdentity {
  const identity = enrolledIdentity(stateDir);
  const pem = readPrivate(keyPath(stateDir, identity.key));
  if (pem === undefined) throw notEnrolled(stateDir);
  const deviceKey = orDamaged(stateDir, () => keyFromPem(pem));
  return { identity, deviceKey, keyStore: keyStoreOf(stateDir, identity) };
}

/**
 * The same where the key is handed in, and lies in no file of the folder.
 * @throws Failure also when it is not the key that this host is enrolled with
 */
export function readIdentityFor(
  deviceKey: SigningKey,
  stateDir: string,
): Omit<StoredIdentity, "keyStore"> {
  const identity = enrolledIdentity(stateDir);
  if (identity.key === deviceKey.id) return { identity, deviceKey };
  throw failed(
    `the credential device-key is key ${deviceKey.id}, and this host is enrolled with ${identity.key}; hand that one in, or enrol again with this one`,
  );
}

/** Whether enrolling again would replace somebody. */
export const isEnrolled = (stateDir: string): boolean =>
  readPrivate(identityPath(stateDir)) !== undefined;

/**
 * Makes a device key, on the disk before anybody hears of it. It is nobody's
 * until an identity names it.
 * @throws Failure when nothing can be written there
 */
export function makeKey(stateDir: string): SigningKey {
  const key = generateKey();
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    checkFolder(stateDir);
    writeWhole(keyPath(stateDir, key.id), key.toPem());
  } catch (error) {
    const why = messageOf(error);
    throw failed(`cannot keep a key in ${stateDir}: ${why}`, error);
  }
  return key;
}

/** Whether a key lies there that `makeKey` made. */
export const holdsKey = (stateDir: string, id: string): boolean =>
  readPrivate(keyPath(stateDir, id)) !== undefined;

/** A key that `makeKey` made, as PEM; undefined where it is not there. */
export const readKey = (stateDir: string, id: string): string | undefined =>
  readPrivate(keyPath(stateDir, id));

/** Takes a key back that no identity came to name. */
export function forgetKey(
  stateDir: string,
  { id }: Pick<SigningKey, "id">,
): void {
  rmSync(keyPath(stateDir, id), { force: true });
}

/** As `forgetKey`, unless the identity names it, or cannot be read. */
export function forgetUnnamedKey(stateDir: string, id: string): void {
  if (isEnrolled(stateDir)) {
    const identity = identityIn(stateDir);
    if (identity === undefined) return;
    if (identity.key === id || identity.nextKey === id) return;
  }
  forgetKey(stateDir, { id });
}

/**
 * Makes this host the one that the identity names, by one rename. Keys of who it
 * was before, and of tries that failed, are of no use any more.
 * @returns who it was before, as far as that can still be read
 */
export function writeIdentity(
  stateDir: string,
  identity: Identity,
): Identity | undefined {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const former = identityIn(stateDir);
  putIdentity(stateDir, identity);
  endStandingAlone(stateDir);
  const own = keyPath(stateDir, identity.key);
  for (const name of readdirSync(stateDir).filter(isKeyFile)) {
    const path = join(stateDir, name);
    if (path !== own) rmSync(path, { force: true });
  }
  return former;
}

/**
 * Makes a newer root the one that this host pins. An identity that somebody put
 * in its place meanwhile is left as it is: it has a root of its own.
 * @throws Failure when it cannot be read, or is another's; what writing throws
 */
export function keepRoot(
  stateDir: string,
  identity: Pick<Identity, "agent" | "cloud">,
  { root, fingerprint }: { root: SignedText; fingerprint: string },
): void {
  const stored = stillOf(stateDir, identity);
  putIdentity(stateDir, { ...stored, root, rootFingerprint: fingerprint });
}

/**
 * Puts an identity that another version wrote, and that cannot be read here, into the
 * words of `former`: who the host is by that, with the newest root and keys.
 * @returns whether it had to be
 * @throws Failure when neither can be read
 */
export function mendIdentity(stateDir: string, former: string): boolean {
  const text = readPrivate(identityPath(stateDir));
  if (text !== undefined && isReadable(text)) return false;
  const known = orDamaged(stateDir, () => parseIdentity(former));
  const newer = asObject(text);
  const kept = KEPT.filter((name) => newer[name] !== undefined);
  const newest = Object.fromEntries(kept.map((name) => [name, newer[name]]));
  const merged = JSON.stringify({ ...known, ...newest });
  putIdentity(stateDir, isReadable(merged) ? parseIdentity(merged) : known);
  return true;
}

/** What must not go back. */
const KEPT = ["root", "rootFingerprint", "key", "nextKey"] as const;

function isReadable(text: string): boolean {
  try {
    parseIdentity(text);
    return true;
  } catch {
    return false;
  }
}

function asObject(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/**
 * The keys of this identity. While its key changes the identity names both, so
 * that after any crash the host still has the one that its cloud knows.
 */
function keyStoreOf(stateDir: string, identity: Identity): KeyStore {
  const { nextKey } = identity;
  const pem = nextKey && readPrivate(keyPath(stateDir, nextKey));
  return {
    next: pem ? orDamaged(stateDir, () => keyFromPem(pem)) : undefined,
    prepare: (current) => {
      const stored = stillOf(stateDir, identity);
      const next = makeKey(stateDir);
      putIdentity(stateDir, { ...stored, key: current.id, nextKey: next.id });
      return next;
    },
    adopt: (next) => {
      const { nextKey: _, ...stored } = stillOf(stateDir, identity);
      putIdentity(stateDir, { ...stored, key: next.id });
      if (stored.key !== next.id) forgetKey(stateDir, { id: stored.key });
    },
    discard: (next) => {
      const { nextKey: _, ...stored } = stillOf(stateDir, identity);
      putIdentity(stateDir, stored);
      forgetKey(stateDir, next);
    },
  };
}

/** @throws Failure when somebody else took this identity's place */
function stillOf(
  stateDir: string,
  { agent, cloud }: Pick<Identity, "agent" | "cloud">,
): Identity {
  const stored = storedIdentity(stateDir);
  if (stored?.agent === agent && stored.cloud === cloud) return stored;
  throw failed(`${stateDir} is not the state of ${agent} any more`);
}

function putIdentity(stateDir: string, identity: Identity): void {
  const text = JSON.stringify(identity, undefined, 2);
  writeWhole(identityPath(stateDir), `${text}\n`);
}

const identityPath = (stateDir: string) => join(stateDir, "identity.json");

const keyPath = (stateDir: string, id: string) =>
  join(stateDir, `device-${id}.key`);

/** Also one whose writing was interrupted. */
const isKeyFile = (name: string) =>
  /^device-[0-9a-f]{16}\.key(\.new)?$/.test(name);

function enrolledIdentity(stateDir: string): Identity {
  checkFolder(stateDir);
  const identity = storedIdentity(stateDir);
  if (identity === undefined) throw notEnrolled(stateDir);
  return identity;
}

function notEnrolled(stateDir: string) {
  const aside = lastAside(stateDir);
  const copied = aside && `; what it was copied with is another's: ${aside}`;
  return failed(
    `this host is not enrolled (${stateDir} holds no identity${copied ?? ""}); run: tourniquet enrol --token-file FILE; without a cloud: tourniquet enable --standalone`,
  );
}

function storedIdentity(stateDir: string): Identity | undefined {
  const text = readPrivate(identityPath(stateDir));
  if (text === undefined) return undefined;
  return orDamaged(stateDir, () => parseIdentity(text));
}

/** Who this host is; undefined where that is nobody, or cannot be read. */
export function identityIn(stateDir: string): Identity | undefined {
  try {
    return storedIdentity(stateDir);
  } catch {
    return undefined;
  }
}

function orDamaged<T>(stateDir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = messageOf(error);
    throw failed(`the identity in ${stateDir} is damaged: ${why}`, error);
  }
}
