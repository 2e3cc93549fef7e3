import type { Command } from "commander";
import { countText } from "../../../agent/text/count.js";
import { orderAgent } from "../../control/client.js";
import type { Reloaded } from "../../control/reload-view.js";
import { settingsToLook } from "../../last-good.js";
import { readSettings, type Settings } from "../../config-file.js";
import {
  asSections,
  effectiveOf,
  type Effective,
} from "../../settings/effective.js";
import { yamlOf } from "../../settings/yaml-text.js";
import { table } from "../../terminal/table.js";
import type { ShownSettings } from "../json-outputs.js";

/** `tourniquet config`: what is settled for this host, and where it says so. */
export function configCommand(
  program: Command,
  file: () => string | undefined,
): void {
  const command = program
    .command("config")
    .description("what is settled for this host, and which file says so");
  command
    .command("check")
    .description("read the configuration as the agent would; change nothing")
    .action(() => print(checkedText(readSettings(file()))));
  command
    .command("reload")
    .description("have the running agent read its configuration anew")
    .action(async () => {
      const { controlSocket } = settingsToLook(file()).config;
      const done = orderAgent(controlSocket, "/v1/reload", {});
      await done.catch(() => undefined); // the agent knows now, whatever is wrong
      readSettings(file());
      print(reloadedText((await done) as Reloaded));
    });
  command
    .command("show")
    .description("print the settings that count, defaults included")
    .option("--origin", "say of each which file gives it, and on which line")
    .option("--json", "print one JSON object")
    .action((options: ShowOptions) => {
      const all = effectiveOf(readSettings(file()));
      if (options.json === true) return print(JSON.stringify(asJson(all)));
      if (options.origin === true) return print(originsText(all));
      return print(yamlOf(asSections(all)).trimEnd());
    });
}

interface ShowOptions {
  readonly origin?: boolean;
  readonly json?: boolean;
}

function checkedText(settings: Settings): string {
  const { files, config } = settings;
  const given = effectiveOf(settings).filter(({ from }) => from !== undefined);
  const idle = config.idle.map(
    ({ name, why }) => `! ${name} does nothing any more: ${why}`,
  );
  if (files.length === 0) {
    return "there is no configuration: all settings have their defaults";
  }
  return [
    `good: ${countText(given.length, "setting")} given, all others have their defaults`,
    ...files.map((each) => `  ${each}`),
    ...idle,
  ].join("\n");
}

function reloadedText({ changed, needsRestart }: Reloaded): string {
  const now =
    changed.length === 0
      ? "nothing changed that counts at once"
      : `in force now: ${changed.join(", ")}`;
  const later =
    needsRestart.length === 0
      ? []
      : [`from the next start of the agent: ${needsRestart.join(", ")}`];
  return [now, ...later].join("\n");
}

const originsText = (all: readonly Effective[]): string =>
  table(
    ["setting", "value", "from"],
    all.map(({ name, value, from }) => [
      name,
      value === undefined ? "-" : valueText(value),
      from === undefined ? "default" : `${from.file}:${from.line}`,
    ]),
  );

/** As YAML has it on one line. */
const valueText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** By name; a value or a place that is not there is null. */
const asJson = (all: readonly Effective[]): ShownSettings =>
  Object.fromEntries(
    all.map(({ name, value = null, from = null }) => [name, { value, from }]),
  );

const print = (text: string): void => void process.stdout.write(`${text}\n`);
