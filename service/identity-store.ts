import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseIdentity, type Identity } from "../agent/config/identity.js";
import { keyFromPem, type SigningKey } from "../agent/trust/keys.js";
import { failed } from "./failure.js";

/** What makes this host the agent that its cloud knows. */
export interface StoredIdentity {
  readonly identity: Identity;
  readonly deviceKey: SigningKey;
}

/** @throws Failure when the host is not enrolled, or the files are not safe */
export function readIdentity(stateDir: string): StoredIdentity {
  const identity = readPrivate(join(stateDir, "identity.json"));
  const key = readPrivate(join(stateDir, "device.key"));
  if (identity === undefined || key === undefined) {
    throw failed(
      `this host is not enrolled (${stateDir} holds no identity); run: tourniquet enrol --token-file FILE`,
    );
  }
  try {
    return {
      identity: parseIdentity(identity),
      deviceKey: keyFromPem(key),
    };
  } catch (error) {
    const why = (error as Error).message;
    throw failed(`the identity in ${stateDir} is damaged: ${why}`, error);
  }
}

/** Whether enrolling again would replace somebody. */
export const isEnrolled = (stateDir: string): boolean =>
  readPrivate(join(stateDir, "identity.json")) !== undefined;

/** The key goes first: an identity without its key would be nobody. */
export function writeIdentity(
  stateDir: string,
  { identity, deviceKey }: StoredIdentity,
): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writePrivate(join(stateDir, "device.key"), deviceKey.toPem());
  const text = JSON.stringify(identity, undefined, 2);
  writePrivate(join(stateDir, "identity.json"), `${text}\n`);
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

/** Written beside, made durable, then put in place: whole or not at all. */
function writePrivate(path: string, text: string): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true }); // a leftover would keep its mode and owner
  const file = openSync(beside, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
