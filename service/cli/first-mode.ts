import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ledger } from "../../agent/ledger/ledger.js";
import type { Mode } from "../../agent/model/mode.js";
import { systemClock, unixSeconds } from "../../agent/runtime/clock.js";
import { companionsOf, syncFolder } from "../../agent/sqlite/file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";

/**
 * Takes the mode that an enrolment token proposes, once: a host that has no ledger
 * yet gets one that begins with it, whole or not at all, and from then on the mode is
 * the host's own. A host that has one keeps the mode that it has.
 * @returns what to tell whoever enrols it
 * @throws Failure when nothing can be written there
 */
export function takeProposed(mode: Mode, stateDir: string): string {
  const path = join(stateDir, "ledger.db");
  if ([path, ...companionsOf(path)].some((each) => existsSync(each))) {
    return `its token proposes to ${mode}; this host has a mode of its own already, and keeps it (tourniquet status)`;
  }
  try {
    begin(path, mode);
  } catch (error) {
    const why = messageOf(error);
    throw failed(`cannot begin with the mode of the token: ${why}`, error);
  }
  return TOLD[mode];
}

const TOLD: Readonly<Record<Mode, string>> = {
  observe:
    "this host begins by observing, as its token proposes: packets of banned ranges are counted and reported, not dropped, until: tourniquet enforce",
  enforce:
    "this host begins by enforcing, as its token proposes: packets of banned ranges are dropped, until: tourniquet observe",
};

function begin(path: string, mode: Mode): void {
  const unborn = `${path}.first`;
  const leftovers = [unborn, ...companionsOf(unborn)];
  for (const each of leftovers) rmSync(each, { force: true });
  {
    using ledger = Ledger.open(unborn);
    const at = unixSeconds(systemClock.now());
    const { overrides } = ledger;
    overrides.setMode(mode);
    overrides.note({ at, who: "its enrolment token", what: mode })("done");
    if (overrides.untilRestart().length > 0) {
      throw new Error("no disk takes it");
    }
  }
  renameSync(unborn, path);
  syncFolder(join(path, ".."));
}
