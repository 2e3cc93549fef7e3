import { writeFileSync } from "node:fs";
import { commandsText } from "./commands-text.js";

/** Writes down what the host's program says of its commands: docs/commands.md. */
writeFileSync("docs/commands.md", commandsText());
