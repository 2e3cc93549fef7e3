import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Identity } from "../../agent/config/identity.js";
import { sha256 } from "../../agent/protocol/sha256.js";
import { Id, Sha256, parseJson } from "../../agent/protocol/shapes.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { readPrivate } from "./private-files.js";

/** Which machine an agent was enrolled on, or was first seen on. */
const Machine = v.strictObject({
  version: v.literal(1),
  agent: Id,
  machine: Sha256,
});

/**
 * What tells a machine from its copies: a digest of machine-id(5), which itself is no
 * other program's to know.
 * @returns undefined where it has none, as in the making of an image and in many
 * containers: such a machine is taken for the one that was enrolled
 */
export function machineOf(file = "/etc/machine-id"): string | undefined {
  const id = textOf(file)?.trim() ?? "";
  if (!/^[0-9a-f]{32}$/.test(id) || /^0+$/.test(id)) return undefined;
  return sha256(Buffer.from(`tourniquet machine v1\n${id}`)).toString("hex");
}

/** Whether this agent was last seen on another machine: then this is a copy. */
export function isCopy(
  stateDir: string,
  { agent }: Pick<Identity, "agent">,
  machine: string | undefined,
): boolean {
  const known = knownIn(stateDir);
  if (machine === undefined || known?.agent !== agent) return false;
  return known.machine !== machine;
}

/** This machine is the agent's from here on. What cannot be kept is kept later. */
export function noteMachine(
  stateDir: string,
  { agent }: Pick<Identity, "agent">,
  machine: string | undefined,
): void {
  const known = knownIn(stateDir);
  if (machine === undefined) return;
  if (known?.agent === agent && known.machine === machine) return;
  try {
    writeWhole(
      pathOf(stateDir),
      `${JSON.stringify({ version: 1, agent, machine })}\n`,
    );
  } catch {
    return; // a full disk keeps no host from being protected
  }
}

/**
 * Moves a copied identity, its keys and what waits to be told into a folder of their
 * own: they are another machine's, and nothing of them is deleted. Bans, orders and
 * what is allowed stay.
 * @returns the folder
 * @throws Failure when they cannot be moved
 */
export function setAside(stateDir: string, now: Date): string {
  const folder = join(stateDir, `${ASIDE}${stampOf(now)}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, "why.txt"), WHY, { mode: 0o600 });
    const parts = readdirSync(stateDir).filter(isPart);
    // The identity last: until it is gone, this is found again at the next start.
    const inOrder = parts.sort((a, b) => rank(a) - rank(b));
    for (const name of inOrder) {
      renameSync(join(stateDir, name), join(folder, name));
    }
    return folder;
  } catch (error) {
    const why = messageOf(error);
    throw failed(
      `this machine is a copy of the one that was enrolled, and the copied identity cannot be set aside in ${folder}: ${why}`,
      error,
    );
  }
}

/** What is of who this host is, or waits to be told by it. */
const isPart = (name: string): boolean =>
  /^(device-.*\.key|spool\.db.*|enrolment-pending\.json|identity\.json)$/.test(
    name,
  );

const rank = (name: string): number => Number(name === "identity.json");

const stampOf = (now: Date): string =>
  now.toISOString().replace(/[-:]|\.\d+/g, "");

const WHY =
  "These files are another machine's: they were copied with its disk or image, and /etc/machine-id of this machine is another. They are of no use here. What waited in the spool is told by the machine that it is of.\n";

/** Which folder `setAside` made last; undefined: none. */
export function lastAside(stateDir: string): string | undefined {
  try {
    const names = readdirSync(stateDir).filter((it) => it.startsWith(ASIDE));
    const last = names.sort().at(-1);
    return last && join(stateDir, last);
  } catch {
    return undefined;
  }
}

const ASIDE = "copied-";

function knownIn(stateDir: string): v.InferOutput<typeof Machine> | undefined {
  const text = readPrivate(pathOf(stateDir));
  if (text === undefined) return undefined;
  try {
    return parseJson(Machine, text, "machine");
  } catch {
    return undefined; // it is written anew
  }
}

const pathOf = (stateDir: string): string => join(stateDir, "machine.json");

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
