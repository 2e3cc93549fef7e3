import type { SignedText } from "../agent/protocol/signed-text.js";
import type { Clock } from "../agent/runtime/clock.js";
import { filesOf } from "./folder.js";
import { DatabaseUnusable, holdAlone } from "./journal/database.js";
import { SqliteJournal } from "./journal/sqlite-journal.js";
import { View } from "./journal/view.js";
import { Registry } from "./registry/registry.js";
import { Signing, type Published } from "./roots/signing.js";
import { PROJECTIONS } from "./store.js";

/**
 * Puts the next root into force in the folder of a cloud that does not run.
 * @returns undefined when it runs, and has to be told
 * @throws Refused, BadRoot, RootHeldBack or BadFolder
 */
export function publishInto(
  dir: string,
  text: SignedText,
  clock: Clock,
): Published | undefined {
  const files = filesOf(dir);
  const signing = Signing.open(dir);
  try {
    using _held = holdAlone(files.lock);
    using journal = SqliteJournal.open(files.journal, clock);
    using view = View.open(files.view, journal, PROJECTIONS);
    const registry = new Registry(view.database);
    return signing.publish(text, clock.now(), () => registry.readersOfV1Only());
  } catch (error) {
    if (error instanceof DatabaseUnusable) return undefined;
    throw error;
  }
}
