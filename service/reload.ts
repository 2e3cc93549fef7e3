import { countsAtOnce } from "../agent/config/live.js";
import type { Config } from "../agent/config/config.js";
import type { Logger } from "../agent/log/logger.js";
import { Mutex } from "../agent/runtime/mutex.js";
import { messageOf } from "../agent/text/message.js";
import type { Settings } from "./config-file.js";
import type { Reloaded } from "./control/reload-view.js";
import { effectiveOf } from "./settings/effective.js";

export interface ReloadPorts {
  /** @throws Failure for what cannot count as a whole */
  readonly read: () => Settings;
  /** What the process was started with. */
  readonly started: Settings;
  /** Has what needs no restart follow. */
  readonly settle: (config: Config) => Promise<void>;
  readonly log: Pick<Logger, "warn" | "error">;
}

/**
 * What reads the configuration anew. A configuration with anything wrong is refused as
 * a whole, and the one before stays in force.
 * @returns a function that throws what is wrong
 */
export function reloading(ports: ReloadPorts): () => Promise<Reloaded> {
  const started = valuesOf(ports.started);
  const state = { values: started };
  const turns = new Mutex();
  const reload = async (): Promise<Reloaded> => {
    try {
      const read = ports.read();
      const values = valuesOf(read);
      const names = [...values.keys()];
      const differ = (from: Values) => (name: string) =>
        values.get(name) !== from.get(name);
      const changed = names.filter(countsAtOnce).filter(differ(state.values));
      await ports.settle(read.config);
      state.values = values;
      const needsRestart = names
        .filter((name) => !countsAtOnce(name))
        .filter(differ(started));
      ports.log.warn("the configuration was read anew", {
        changed: changed.join(", "),
        needsRestart: needsRestart.join(", "),
      });
      return { changed, needsRestart };
    } catch (error) {
      const why = messageOf(error);
      ports.log.error("the configuration is refused, the one before counts", {
        why,
      });
      throw error;
    }
  };
  return () => turns.run(reload);
}

type Values = ReadonlyMap<string, string>;

const valuesOf = (settings: Settings): Values =>
  new Map(
    effectiveOf(settings).map(({ name, value }) => [
      name,
      JSON.stringify(value ?? null),
    ]),
  );
