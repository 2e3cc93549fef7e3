import { measureConsole } from "./console.js";
import { measureDecide } from "./decide.js";
import { measureFlood } from "./flood.js";
import { measureMigrate } from "./migrate.js";
import type { Row } from "./report.js";

/** What the cloud does, measured in a process that is started as a cloud is. */
const measures: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  console: measureConsole,
  decide: measureDecide,
  flood: measureFlood,
  migrate: measureMigrate,
};

const measure = measures[process.argv[2] ?? ""];
if (measure === undefined) process.exitCode = 2;
else process.stdout.write(JSON.stringify(await measure()));
