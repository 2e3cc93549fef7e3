import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { countText, numberText } from "../../../agent/text/count.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import { configIn, type Settings } from "../../config-file.js";
import { table } from "../../terminal/table.js";
import type { Part } from "../diagnosis/parts.js";

/** `tourniquet diagnose`: what somebody who helps has to know, in one file. */
export function diagnoseCommand(
  program: Command,
  settings: () => Settings,
): void {
  program
    .command("diagnose")
    .description(
      "gather what somebody who helps has to know, without secrets, and show what that is",
    )
    .option("-o, --output <file>", "write it there, a tar.gz of mode 600")
    .action(async ({ output }: { readonly output?: string }) => {
      const { gather } = await import("../diagnosis/parts.js");
      const { redacting, secretsIn } = await import("../diagnosis/redact.js");
      const config = configOf(settings);
      const redact = redacting(secretsIn(config.stateDir));
      const parts = await gather({ settings, config, redact });
      say(partsText(parts));
      if (output === undefined) {
        say("\nnothing was written; --output FILE writes it");
        return;
      }
      await write(output, parts);
      say(
        `\nwritten to ${output}, for you alone; nothing was sent anywhere. To read it all: tar -xzOf ${output} | less`,
      );
      const missing = parts.filter(({ text }) => text === undefined).length;
      if (missing > 0) {
        say(`${countText(missing, "part")} could not be had, as told above`);
      }
    });
}

/** Where things usually are, when what is settled can't be read. */
function configOf(settings: () => Settings) {
  try {
    return settings().config;
  } catch {
    return configIn("", "the defaults");
  }
}

const partsText = (parts: readonly Part[]): string =>
  table(
    ["file", "bytes", "what it tells"],
    parts.map(({ name, why, text, missing }) => [
      name,
      text === undefined ? "-" : numberText(Buffer.byteLength(text)),
      missing === undefined ? why : `${why}; not to be had: ${missing}`,
    ]),
  );

async function write(path: string, parts: readonly Part[]): Promise<void> {
  const { tarGz } = await import("../diagnosis/tar.js");
  const entry = (name: string, text: string) => ({
    ...{ path: `tourniquet-diagnosis/${name}`, text },
  });
  const had = parts.flatMap(({ name, text }) =>
    text === undefined ? [] : [entry(name, text)],
  );
  const contents = parts.map(
    ({ name, why, missing }) =>
      `${name}: ${missing === undefined ? why : `not to be had: ${missing}`}\n`,
  );
  const all = [entry("contents.txt", contents.join("")), ...had];
  const bytes = tarGz(all, new Date());
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw misused(`${path} is there already`, error);
    throw failed(`cannot write ${path}: ${messageOf(error)}`, error);
  }
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
