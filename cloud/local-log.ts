import { existsSync } from "node:fs";
import type { Clock } from "../agent/runtime/clock.js";
import { BadFolder, filesOf } from "./folder.js";
import {
  DatabaseUnusable,
  holdAlone,
  openDatabase,
  type Database,
} from "./journal/database.js";
import type { Signing } from "./roots/signing.js";
import { Erasable } from "./tree/erasable.js";
import { signTreeHead } from "./tree/tree-heads.js";
import { Prover } from "./tree/prover.js";
import { Tree } from "./tree/tree.js";

/** The log in a cloud's folder, whether or not the cloud runs. */
export class LocalLog implements Disposable {
  readonly tree: Tree;
  readonly prover: Prover;
  readonly erasable: Erasable;
  readonly #files: readonly Database[];

  /**
   * As far as it is folded by now: by this process, or by the cloud while it runs,
   * which may be a second behind.
   * @param manner "as-it-lies": nothing is folded, and nothing has to fit
   * @throws BadFolder, JournalRolledBack
   */
  constructor(dir: string, manner: "to-fold" | "as-it-lies" = "to-fold") {
    const paths = filesOf(dir);
    for (const path of [paths.decisions, paths.observations]) {
      if (existsSync(path)) continue;
      throw new BadFolder(`there is no ${path}; was the cloud ever started?`);
    }
    const held =
      manner === "to-fold" ? holdUnlessRunning(paths.lock) : undefined;
    if (held === undefined && !existsSync(paths.tree)) {
      throw new BadFolder(
        `the cloud in ${dir} has no tree yet: ${manner === "to-fold" ? "try again" : "start it once"}`,
      );
    }
    const decisions = openDatabase(paths.decisions, "read-only");
    const observations = openDatabase(paths.observations, "read-only");
    const own = held === undefined ? "read-only" : "rebuildable";
    const tree = openDatabase(paths.tree, own);
    this.#files = [decisions, observations, tree];
    try {
      this.tree = new Tree({ decisions, observations, tree }, manner);
      if (held !== undefined) this.tree.catchUp();
      this.prover = new Prover(this.tree, decisions);
      this.erasable = new Erasable(decisions);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    } finally {
      held?.[Symbol.dispose]();
    }
  }

  /** @throws BadFolder while nobody may sign for it, or it has not begun */
  head(
    cloudName: string,
    { logKeys: keys }: Pick<Signing, "logKeys">,
    clock: Clock,
  ): string {
    const note = signTreeHead(this.tree.state(), { cloudName, keys, clock });
    if (note !== undefined) return note;
    throw new BadFolder(
      keys.length === 0
        ? "the root has no role for the log: docs/key-ceremony.md says how it gets one"
        : "the log has not begun: start the cloud once",
    );
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) file.close();
  }
}

/** Whether some process has the cloud's folder: the cloud, most likely. */
export function isRunning(dir: string): boolean {
  using held = holdUnlessRunning(filesOf(dir).lock);
  return held === undefined;
}

function holdUnlessRunning(lock: string): Disposable | undefined {
  try {
    return holdAlone(lock);
  } catch (error) {
    if (error instanceof DatabaseUnusable) return undefined;
    throw error;
  }
}
