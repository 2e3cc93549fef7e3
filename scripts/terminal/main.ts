import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepSmall } from "../console-walk/picture-file.js";
import { BesiegedHost } from "./besieged.js";
import { Drawing } from "./drawing.js";
import { inATerminal } from "./terminal.js";

/** `scripts/terminal-pictures`, inside its namespace. */
const { values } = parseArgs({
  options: {
    to: { type: "string", default: "docs/pictures" },
    /** Names, with commas between. */
    commands: { type: "string", default: "status,why,doctor,watch" },
    /** Seconds of attack before the first. */
    after: { type: "string", default: "150" },
    /** A program that makes PNGs smaller; empty: they stay as they are. */
    pngquant: { type: "string", default: "" },
  },
});

await using besieged = await BesiegedHost.open(Number(values.after));
await using drawing = await Drawing.open();
mkdirSync(values.to, { recursive: true });
for (const name of values.commands.split(",")) {
  const typed = besieged.typed(name);
  const session = await besieged.during(() => inATerminal(typed));
  const path = join(values.to, `${name}-80-columns.png`);
  writeFileSync(path, await drawing.draw(session));
  keepSmall(path, values.pngquant);
}
