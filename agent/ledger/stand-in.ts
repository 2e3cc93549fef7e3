import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../config/config.js";
import { companionsOf } from "../sqlite/file.js";
import { mostBytesFor } from "./database.js";
import { LedgerFull, LedgerUnusable, LedgerUnwritable } from "./damage.js";
import { Ledger, type LedgerOptions } from "./ledger.js";

/** Of this host's ledger, whoever opens it. */
export const ledgerOptions = ({
  guard,
  controlSocket,
}: Pick<Config, "guard" | "controlSocket">) => ({
  mostBytes: mostBytesFor(guard.limits.entries),
  /** Beside the control socket: that lies in memory. */
  memory: join(dirname(controlSocket), "ledger"),
});

/**
 * Whether a ledger that could not be opened is a good one on a disk that takes no
 * writes: what it says is in force, and nothing can be added.
 */
export function isOutOfReach(path: string, why: unknown): boolean {
  if (!existsSync(path)) return false;
  if (why instanceof LedgerFull || why instanceof LedgerUnwritable) return true;
  return why instanceof LedgerUnusable && !isWritable(path);
}

/**
 * Opens a copy of it in a folder that lies in memory. It refuses what feeds bring,
 * and takes the orders of this host's operator until it is closed.
 * @throws LedgerDamage, or what the file system says: then there is no way
 */
export function openStandIn(
  path: string,
  folder: string,
  options: LedgerOptions & { readonly standsInFor: string },
): Ledger {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = join(folder, basename(path));
  for (const [i, from] of [path, ...companionsOf(path)].entries()) {
    const to = [copy, ...companionsOf(copy)][i];
    if (to !== undefined && existsSync(from)) copyFileSync(from, to);
  }
  return Ledger.open(copy, options);
}

/** Has the ledger itself take what its operator said meanwhile; whether it does. */
export function handBack(
  standIn: Pick<Ledger, "overrides">,
  path: string,
  options: LedgerOptions,
): boolean {
  if (!isWritable(path)) return false;
  try {
    using ledger = Ledger.open(path, options);
    standIn.overrides.handOver(ledger.overrides);
    return ledger.storage().untilRestart.length === 0;
  } catch {
    return false; // the next look tries again
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
