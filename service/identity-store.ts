import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { parseIdentity, type Identity } from "../agent/config/identity.js";
import { writeWhole } from "../agent/files/whole-file.js";
import type { SignedText } from "../agent/protocol/signed-text.js";
import {
  generateKey,
  keyFromPem,
  type SigningKey,
} from "../agent/trust/keys.js";
import { failed } from "./failure.js";

/** What makes this host the agent that its cloud knows. */
export interface StoredIdentity {
  readonly identity: Identity;
  readonly deviceKey: SigningKey;
}

/**
 * The key is the credential `device-key` where systemd hands one over, and else
 * the file that enrolment made.
 * @param credentials what `$CREDENTIALS_DIRECTORY` says
 * @throws Failure when the host is not enrolled, or the files are not safe
 */
export function readIdentity(
  stateDir: string,
  credentials?: string,
): StoredIdentity {
  checkFolder(stateDir);
  const identity = storedIdentity(stateDir);
  const given = identity && credentialKey(credentials, identity);
  if (identity && given) return { identity, deviceKey: given };
  const pem = identity && readPrivate(keyPath(stateDir, identity.key));
  if (identity === undefined || pem === undefined) {
    throw failed(
      `this host is not enrolled (${stateDir} holds no identity); run: tourniquet enrol --token-file FILE`,
    );
  }
  return { identity, deviceKey: orDamaged(stateDir, () => keyFromPem(pem)) };
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
  checkFolder(stateDir);
  const key = generateKey();
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeWhole(keyPath(stateDir, key.id), key.toPem());
  } catch (error) {
    const why = (error as Error).message;
    throw failed(`cannot keep a key in ${stateDir}: ${why}`, error);
  }
  return key;
}

/** Takes a key back that no identity came to name. */
export function forgetKey(stateDir: string, { id }: SigningKey): void {
  rmSync(keyPath(stateDir, id), { force: true });
}

/**
 * Makes this host the one that the identity names, by one rename. Keys of who it
 * was before, and of tries that failed, are of no use any more.
 */
export function writeIdentity(stateDir: string, identity: Identity): void {
  const text = JSON.stringify(identity, undefined, 2);
  writeWhole(identityPath(stateDir), `${text}\n`);
  const own = keyPath(stateDir, identity.key);
  for (const name of readdirSync(stateDir).filter(isKeyFile)) {
    const path = join(stateDir, name);
    if (path !== own) rmSync(path, { force: true });
  }
}

/**
 * Makes a newer root the one that this host pins. An identity that somebody put
 * in its place meanwhile is left as it is: it has a root of its own.
 * @throws Failure when it cannot be read, or is another's; what writing throws
 */
export function keepRoot(
  stateDir: string,
  { agent, key }: Pick<Identity, "agent" | "key">,
  { root, fingerprint }: { root: SignedText; fingerprint: string },
): void {
  const stored = storedIdentity(stateDir);
  if (stored?.agent !== agent || stored.key !== key) {
    throw failed(`${stateDir} is not the state of ${agent} any more`);
  }
  const renewed: Identity = { ...stored, root, rootFingerprint: fingerprint };
  const text = JSON.stringify(renewed, undefined, 2);
  writeWhole(identityPath(stateDir), `${text}\n`);
}

const identityPath = (stateDir: string) => join(stateDir, "identity.json");

const keyPath = (stateDir: string, id: string) =>
  join(stateDir, `device-${id}.key`);

/** Also one whose writing was interrupted. */
const isKeyFile = (name: string) =>
  /^device-[0-9a-f]{16}\.key(\.new)?$/.test(name);

function storedIdentity(stateDir: string): Identity | undefined {
  const text = readPrivate(identityPath(stateDir));
  if (text === undefined) return undefined;
  return orDamaged(stateDir, () => parseIdentity(text));
}

/** The manager of services guards it: its owner and mode differ by version. */
function credentialKey(
  folder: string | undefined,
  { key: id }: Identity,
): SigningKey | undefined {
  if (folder === undefined) return undefined;
  const path = join(folder, "device-key");
  const file = openOrAbsent(path);
  if (file === undefined) return undefined;
  closeSync(file);
  const key = keyOf(path);
  if (key.id === id) return key;
  throw failed(
    `${path} is the key ${key.id}, and this host is enrolled with ${id}`,
  );
}

function keyOf(path: string): SigningKey {
  try {
    return keyFromPem(readFileSync(path, "utf8"));
  } catch (error) {
    const why = (error as Error).message;
    throw failed(`${path} is no device key: ${why}`, error);
  }
}

/** Whoever may write there may put another identity in its place. */
function checkFolder(stateDir: string): void {
  const found = statSync(stateDir, { throwIfNoEntry: false });
  if (found === undefined) return;
  const { mode, uid } = found;
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o777).toString(8);
    throw failed(`${stateDir} can be written by others (mode ${octal})`);
  }
  if (uid !== process.getuid?.()) {
    throw failed(`${stateDir} belongs to user ${uid}, not to the one running`);
  }
}

function orDamaged<T>(stateDir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = (error as Error).message;
    throw failed(`the identity in ${stateDir} is damaged: ${why}`, error);
  }
}

/** Only its owner may read the file, and the owner is who runs this. */
function readPrivate(path: string): string | undefined {
  const file = openOrAbsent(path);
  if (file === undefined) return undefined;
  try {
    const { mode, uid } = fstatSync(file);
    if ((mode & 0o077) !== 0) {
      throw failed(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}); it must be 600`,
      );
    }
    if (uid !== process.getuid?.()) {
      throw failed(`${path} belongs to user ${uid}, not to the one running`);
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function openOrAbsent(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failed(`cannot read ${path}: ${(error as Error).message}`, error);
  }
}
