import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Sums up jest's result files, and prints what the whole run came to. */
const [folder, failedSteps] = process.argv.slice(2);
const results = readdirSync(folder).map((name) =>
  JSON.parse(readFileSync(join(folder, name), "utf8")),
);
const sum = (field) => results.reduce((total, each) => total + each[field], 0);
const skipped = sum("numPendingTests") + sum("numTodoTests");
const failedTests = sum("numFailedTests") + sum("numRuntimeErrorTestSuites");
// A step that failed without a failed test (lint, say) counts as one failure.
const failed = Math.max(failedTests, Number(failedSteps));

console.log(
  failed === 0
    ? "\nFormat, lint, imports, types and every test hold."
    : "\nSomething does not hold; the steps above say what.",
);
if (skipped > 0)
  console.log(`${skipped} tests were skipped; they printed why.`);
console.log(`${sum("numPassedTests")} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
