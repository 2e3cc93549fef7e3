import { readFileSync, writeFileSync } from "node:fs";
import { withTables } from "./query-tables.js";

/** Writes down what the lists say of themselves: in docs/query.md. */
const PATH = "docs/query.md";
writeFileSync(PATH, withTables(readFileSync(PATH, "utf8")));
