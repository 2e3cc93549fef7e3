import { readFileSync, writeFileSync } from "node:fs";
import { familiesOf } from "../service/metrics/families.js";
import { configSchema, configTable } from "./config-tables.js";
import { EXAMPLE, withMetrics } from "./metrics-table.js";

/** Writes down what the code reads and tells: settings and metrics, in docs/. */
const document = readFileSync("docs/configure.md", "utf8");
const schema = JSON.stringify(configSchema(document), null, 2);
writeFileSync("docs/config.schema.json", `${schema}\n`);
const metrics = readFileSync("docs/metrics.md", "utf8");
writeFileSync("docs/metrics.md", withMetrics(metrics, familiesOf(EXAMPLE)));
writeFileSync("docs/configuration.md", configTable(document));
