import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ledger } from "../../agent/ledger/ledger.js";
import type { Mode } from "../../agent/model/mode.js";
import { systemClock, unixSeconds } from "../../agent/runtime/clock.js";
import { companionsOf, syncFolder } from "../../agent/sqlite/file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { isEnrolled } from "./identity-store.js";

/**
 * Takes the mode that an enrolment token proposes, once: a host that has no ledger
 * yet gets one that begins with it, whole or not at all, and from then on the mode is
 * the host's own. A host that has one keeps the mode that it has, unless all that is in
 * it is what an enrolment put there that did not come to its end.
 * @returns what to tell whoever enrols it
 * @throws Failure when nothing can be written there
 */
export function takeProposed(mode: Mode, stateDir: string): string {
  const path = join(stateDir, "ledger.db");
  const isThere = [path, ...companionsOf(path)].some((each) =>
    existsSync(each),
  );
  const isOurs = isThere && isLeftover(stateDir, path);
  if (isThere && !isOurs) {
    return `its token proposes to ${mode}; this host has a mode of its own already, and keeps it (tourniquet status)`;
  }
  try {
    if (isOurs) note(path, mode);
    else begin(path, mode);
  } catch (error) {
    const why = messageOf(error);
    throw failed(`cannot begin with the mode of the token: ${why}`, error);
  }
  return TOLD[mode];
}

const BY_TOKEN = "its enrolment token";

/** What the host's operator ordered would stand among the newest. */
const MOST_LEFT = 100;

const TOLD: Readonly<Record<Mode, string>> = {
  observe:
    "this host begins by observing, as its token proposes: packets of banned ranges are counted and reported, not dropped, until: tourniquet enforce",
  enforce:
    "this host begins by enforcing, as its token proposes: packets of banned ranges are dropped, until: tourniquet observe",
};

/** Whether no agent can have run on it: no host has become one by that enrolment. */
function isLeftover(stateDir: string, path: string): boolean {
  if (!existsSync(path) || isEnrolled(stateDir)) return false;
  try {
    using ledger = Ledger.open(path);
    const orders = ledger.overrides.orders(MOST_LEFT);
    return (
      ledger.revision() === 0 &&
      ledger.positions().length === 0 &&
      orders.length > 0 &&
      orders.every(({ who }) => who === BY_TOKEN)
    );
  } catch {
    return false; // the agent mends it, or says why not
  }
}

function begin(path: string, mode: Mode): void {
  const unborn = `${path}.first`;
  const leftovers = [unborn, ...companionsOf(unborn)];
  for (const each of leftovers) rmSync(each, { force: true });
  note(unborn, mode);
  renameSync(unborn, path);
  syncFolder(join(path, ".."));
}

/** Has the ledger say so; one is made where there is none. */
function note(path: string, mode: Mode): void {
  using ledger = Ledger.open(path);
  const at = unixSeconds(systemClock.now());
  const { overrides } = ledger;
  overrides.setMode(mode);
  overrides.note({ at, who: BY_TOKEN, what: mode })("done");
  if (overrides.untilRestart().length > 0) {
    throw new Error("no disk takes it");
  }
}
