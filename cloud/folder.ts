import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A folder that is no cloud's, or not in the state that was expected. */
export class BadFolder extends Error {
  override readonly name = "BadFolder";
}

/** @throws BadFolder when it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new BadFolder(
      `cannot read ${path}; was the cloud made with "init"?`,
      { cause },
    );
  }
}

/** A new file that only its owner may read. */
export function writeSecret(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}

export type Files = ReturnType<typeof filesOf>;

/** The files of a cloud's folder. */
export function filesOf(dir: string) {
  return {
    lock: join(dir, "lock"),
    decisions: join(dir, "decisions.db"),
    /** What is folded of the decisions. */
    view: join(dir, "view.db"),
    /** May be a mount of its own. */
    observationsDir: join(dir, "observations"),
    observations: join(dir, "observations", "observations.db"),
    /** What is folded of the observations. */
    observed: join(dir, "observations", "view.db"),
    /** Of versions before 0.4.0: both in one; its place is taken at the start. */
    journal: join(dir, "journal.db"),
    bans: join(dir, "bans.db"),
    /** What operators sign in with, and their sessions: folded from nothing. */
    accounts: join(dir, "accounts.db"),
    /** The tree over the decisions, folded from them. */
    tree: join(dir, "tree.db"),
    /** What no rule may ban; the operator writes it. */
    neverList: join(dir, "never-ban.txt"),
    snapshots: join(dir, "snapshots"),
    /** Lists whose import waits for a second person. */
    proposed: join(dir, "proposed"),
  };
}
