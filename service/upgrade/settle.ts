import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../agent/config/config.js";
import { ledgerOptions } from "../../agent/ledger/stand-in.js";
import { takeOver } from "../../agent/ledger/take-over.js";
import { systemClock, unixSeconds } from "../../agent/runtime/clock.js";
import { replaceNewer } from "../../agent/spool/newer.js";
import { companionsOf, syncFolder } from "../../agent/sqlite/file.js";
import { messageOf } from "../../agent/text/message.js";
import { mendIdentity } from "../identity/identity-store.js";
import { placesIn } from "./places.js";

/**
 * Makes the state one that this program can go on with, after another one had it: by
 * the ledger's copy, with what must not go back. Each step may be cut off, and is
 * done again with the next start. Does nothing where no other program was tried.
 * @returns what came of it, a line each
 */
export function settle(config: Config): readonly string[] {
  const { stateDir } = config;
  const places = placesIn(stateDir);
  if (!existsSync(places.tried)) return [];
  const said = [
    ...attempt("the ledger", () => settleLedger(config)),
    ...attempt("the identity", () => settleIdentity(stateDir)),
    ...attempt("the spool", () => settleSpool(stateDir)),
  ];
  // How often the other program crashed says nothing of this one.
  for (const name of ["starts.json", "in-hand"]) {
    rmSync(join(stateDir, name), { force: true });
  }
  rmSync(places.tried);
  syncFolder(places.folder);
  return said;
}

/** What cannot be settled is the daemon's to tell, and to mend. */
function attempt(
  what: string,
  act: () => readonly string[],
): readonly string[] {
  try {
    return act();
  } catch (error) {
    return [`${what} stays as it is: ${messageOf(error)}`];
  }
}

function settleLedger(config: Config): readonly string[] {
  const { stateDir } = config;
  const { ledger: copy } = placesIn(stateDir);
  if (!existsSync(copy)) return [];
  const ledger = join(stateDir, "ledger.db");
  const now = unixSeconds(systemClock.now());
  const { mostBytes } = ledgerOptions(config);
  const { complete, unread } = takeOver(copy, ledger, now, mostBytes);
  // The log belongs to the file that goes; a copy without one takes its place.
  for (const each of companionsOf(ledger)) rmSync(each, { force: true });
  renameSync(copy, ledger);
  syncFolder(stateDir);
  const since = complete
    ? "nothing is missing"
    : "bans since then are fetched again, and stay in the kernel meanwhile";
  return [
    `the ledger is the one from before the upgrade; ${since}`,
    ...(unread.length === 0
      ? []
      : [`could not be taken over: ${unread.join(", ")}`]),
  ];
}

function settleIdentity(stateDir: string): readonly string[] {
  const { identity } = placesIn(stateDir);
  if (!existsSync(identity)) return [];
  return mendIdentity(stateDir, readFileSync(identity, "utf8"))
    ? ["the identity is in this version's words again"]
    : [];
}

const settleSpool = (stateDir: string): readonly string[] =>
  replaceNewer(join(stateDir, "spool.db"), systemClock.now())
    ? ["the spool was a later version's; another was begun"]
    : [];
