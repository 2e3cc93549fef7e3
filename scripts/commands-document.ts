import { writeFileSync } from "node:fs";
import { commandsSchema } from "./commands-schema.js";
import { commandsText } from "./commands-text.js";

/** Writes down what the host's program says of its commands, and what they print. */
writeFileSync("docs/commands.md", commandsText());
const schema = JSON.stringify(commandsSchema(), null, 1);
writeFileSync("docs/commands.schema.json", `${schema}\n`);
