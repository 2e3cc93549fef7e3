import { silentLogger } from "../agent/log/logger.js";
import type { SignedText } from "../agent/protocol/signed-text.js";
import type { Clock } from "../agent/runtime/clock.js";
import { Lifetime } from "../agent/runtime/lifetime.js";
import { filesOf } from "./folder.js";
import { DatabaseUnusable, holdAlone } from "./journal/database.js";
import { Registry } from "./registry/registry.js";
import { Signing, type Published } from "./roots/signing.js";
import { openLogs } from "./store.js";

/**
 * Puts the next root into force in the folder of a cloud that does not run.
 * @returns undefined when it runs, and has to be told
 * @throws Refused, BadRoot, RootHeldBack, BadFolder or DatabaseUnusable
 */
export async function publishInto(
  dir: string,
  text: SignedText,
  clock: Clock,
): Promise<Published | undefined> {
  const files = filesOf(dir);
  const signing = Signing.open(dir);
  const held = heldUnlessItRuns(files.lock);
  if (held === undefined) return undefined;
  await using opened = new Lifetime();
  opened.own(held);
  const ports = { clock, log: silentLogger };
  const { views } = await openLogs(files, ports, opened);
  const registry = new Registry(views);
  return signing.publish(text, clock.now(), () => registry.readersOfV1Only());
}

function heldUnlessItRuns(lock: string): Disposable | undefined {
  try {
    return holdAlone(lock);
  } catch (error) {
    if (error instanceof DatabaseUnusable) return undefined;
    throw error;
  }
}
