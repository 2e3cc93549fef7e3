import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { parseConfig, type Config } from "../agent/config/config.js";
import { writeWhole } from "../agent/runtime/atomic-file.js";
import { messageOf } from "../agent/text/message.js";
import {
  DEFAULT_CONFIG_FILE,
  readSettings,
  type Settings,
} from "./config-file.js";
import { onOneLine, type Refused } from "./control/reload-view.js";
import { readFiles, type SettingsFile } from "./settings/files.js";
import { hintsIn } from "./settings/yaml-text.js";

/** What counts, though the files may say what cannot. */
export interface Counting extends Settings {
  /** Undefined where the files themselves count. */
  readonly refused: Refused | undefined;
}

/**
 * Reads the configuration; where it cannot count, the last one that did goes on to
 * count, with every range that no ban may touch. Bans are in force after a boot with
 * a file that somebody left half-written.
 * @throws Failure with every problem where no other is known
 */
export function settingsThatCount(path: string | undefined): Counting {
  try {
    return { ...readSettings(path), refused: undefined };
  } catch (error) {
    const kept = keptFor(path);
    if (kept === undefined) throw error;
    const { settings, at: lastGood } = kept;
    const why = onOneLine(messageOf(error));
    return { ...settings, refused: { why, lastGood } };
  }
}

/**
 * The same for who only looks: where no other is known, the defaults, with the agent's
 * socket and folder as far as they can be read.
 */
export function settingsToLook(
  path: string | undefined,
): Pick<Counting, "config"> & { readonly why: string | undefined } {
  try {
    const { config, refused } = settingsThatCount(path);
    return { config, why: refused?.why };
  } catch (error) {
    return {
      config: parseConfig(hintsOf(path), "defaults"),
      why: onOneLine(messageOf(error)),
    };
  }
}

/**
 * Keeps settings that count, for when the files say what cannot.
 * @throws when they cannot be written
 */
export function keepAsLastGood({ config, given, main }: Settings): void {
  const kept: v.InferInput<typeof Kept> = { version: 1, main, at: Date.now() };
  const text = JSON.stringify({ ...kept, given: given ?? null });
  writeWhole(join(config.stateDir, LAST_GOOD), `${text}\n`);
}

/** In the state folder, which is the agent's alone. */
const LAST_GOOD = "last-good-config.json";

const Kept = v.strictObject({
  version: v.literal(1),
  /** It stands in for no other file than the one that it was read from. */
  main: v.string(),
  at: v.number(),
  given: v.optional(v.unknown()),
});

/** Undefined where nothing is kept, or nothing of use. */
function keptFor(
  path: string | undefined,
): { readonly settings: Settings; readonly at: number } | undefined {
  const { stateDir } = parseConfig(hintsOf(path), "defaults");
  const file = join(stateDir, LAST_GOOD);
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as unknown;
    const { main, at, given } = v.parse(Kept, read);
    if (main !== (path ?? DEFAULT_CONFIG_FILE)) return undefined;
    const config: Config = parseConfig(given, file);
    const placeOf = () => ({ file, line: 1 });
    return { settings: { config, given, main, files: [file], placeOf }, at };
  } catch {
    return undefined; // what is wrong with the files is what is told
  }
}

/** Where the agent is, by files of which anything else may be wrong. */
function hintsOf(path: string | undefined): object {
  const hints = filesOf(path).map(({ text }) => hintsIn(text));
  const last = (name: "stateDir" | "controlSocket") =>
    hints.map((hint) => hint[name]).findLast((value) => isPath(value));
  return { stateDir: last("stateDir"), controlSocket: last("controlSocket") };
}

const isPath = (value: unknown): value is string =>
  typeof value === "string" && value.startsWith("/") && value.length <= 4096;

/** Those that may be read; where others may write one, the main file alone. */
function filesOf(path: string | undefined): readonly SettingsFile[] {
  const file = path ?? DEFAULT_CONFIG_FILE;
  try {
    return readFiles(file, true);
  } catch {
    try {
      return [{ file, text: readFileSync(file, "utf8") }];
    } catch {
      return [];
    }
  }
}
