import { countsAtOnce } from "../agent/config/live.js";
import type { Config } from "../agent/config/config.js";
import type { Logger } from "../agent/log/logger.js";
import { Mutex } from "../agent/runtime/mutex.js";
import { messageOf } from "../agent/text/message.js";
import { timeText } from "../agent/text/time.js";
import type { Settings } from "./config-file.js";
import {
  onOneLine,
  type Refused,
  type Reloaded,
} from "./control/reload-view.js";
import type { Counting } from "./last-good.js";
import { effectiveOf } from "./settings/effective.js";

export interface ReloadPorts {
  /** @throws Failure for what cannot count as a whole */
  readonly read: () => Settings;
  /** What the process was started with. */
  readonly started: Counting;
  /** Has what needs no restart follow. */
  readonly settle: (config: Config) => Promise<void>;
  /** Has settings that count outlast this process. */
  readonly keep: (settings: Settings) => void;
  readonly log: Pick<Logger, "warn" | "error">;
}

export interface Reloading {
  /** @throws what is wrong with the configuration */
  readonly reload: () => Promise<Reloaded>;
  /** What was read last and not taken, while that is so. */
  readonly refused: () => Refused | undefined;
}

/**
 * What reads the configuration anew. A configuration with anything wrong is refused as
 * a whole, and the one before stays in force.
 */
export function reloading(ports: ReloadPorts): Reloading {
  const started = valuesOf(ports.started);
  const state = {
    values: started,
    refused: ports.started.refused,
    goodAt: ports.started.refused?.lastGood ?? Date.now(),
  };
  tellOfStart(ports);
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
      Object.assign(state, { refused: undefined, goodAt: Date.now() });
      keepOrTell(ports, read);
      const needsRestart = names
        .filter((name) => !countsAtOnce(name))
        .filter(differ(started));
      ports.log.warn("the configuration was read anew", {
        changed: changed.join(", "),
        needsRestart: needsRestart.join(", "),
      });
      return { changed, needsRestart };
    } catch (error) {
      const why = onOneLine(messageOf(error));
      state.refused = { why, lastGood: state.goodAt };
      ports.log.error("the configuration is refused, the one before counts", {
        why,
      });
      throw error;
    }
  };
  return { reload: () => turns.run(reload), refused: () => state.refused };
}

function tellOfStart(ports: ReloadPorts): void {
  const { started, log } = ports;
  const { refused } = started;
  if (refused === undefined) return keepOrTell(ports, started);
  const { why, lastGood } = refused;
  log.error("the configuration is refused, the last good one counts", {
    ...{ why, lastGood: timeText(lastGood) },
  });
}

/** Without it only a start with a file that is wrong differs. */
function keepOrTell({ keep, log }: ReloadPorts, settings: Settings): void {
  try {
    keep(settings);
  } catch (why) {
    log.warn("could not keep a copy of the configuration", { why });
  }
}

type Values = ReadonlyMap<string, string>;

const valuesOf = (settings: Settings): Values =>
  new Map(
    effectiveOf(settings).map(({ name, value }) => [
      name,
      JSON.stringify(value ?? null),
    ]),
  );
