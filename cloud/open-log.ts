import { cloudCapabilities } from "../agent/protocol/capabilities.js";
import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import { Records } from "./audit/records.js";
import { filesOf } from "./folder.js";
import { openDatabase } from "./journal/database.js";
import type { Signing } from "./roots/signing.js";
import type { Store } from "./store.js";
import { LogKeeper } from "./tree/log-keeper.js";
import { TreeWorker } from "./tree/tree-worker.js";

export interface LogConfig {
  readonly dir: string;
  readonly name: string;
  readonly signing: Signing;
}

/**
 * The tree over all decisions in a thread of its own, and who keeps it. Nothing
 * waits for it: a cloud that is large starts before it is folded.
 */
export function openLog(
  { dir, name: cloudName, signing }: LogConfig,
  ports: { readonly clock: Clock; readonly log: Logger },
  { decisions, observations }: Store,
  opened: Lifetime,
): {
  readonly tree: TreeWorker;
  readonly keeper: LogKeeper;
  readonly records: Records;
} {
  const tree = opened.own(new TreeWorker(filesOf(dir), ports.log));
  const kept = { tree, decisions, observations, signing, cloudName };
  const keeper = opened.own(new LogKeeper({ ...kept, ...ports }));
  const file = openDatabase(filesOf(dir).decisions, "read-only");
  opened.defer(() => void file.close());
  return { tree, keeper, records: new Records(file) };
}

/** What the welcome says that this cloud can do, by the keys that it has. */
export const capabilitiesBy = ({ logKeys }: Signing): readonly string[] =>
  logKeys.length > 0 ? [...cloudCapabilities, "log"] : cloudCapabilities;
