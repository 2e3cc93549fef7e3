import { readFileSync, writeFileSync } from "node:fs";
import { configSchema, configTable } from "./config-tables.js";

/** Writes down what the code reads: docs/config.schema.json, docs/configuration.md. */
const document = readFileSync("docs/configure.md", "utf8");
const schema = JSON.stringify(configSchema(document), null, 2);
writeFileSync("docs/config.schema.json", `${schema}\n`);
writeFileSync("docs/configuration.md", configTable(document));
