import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Sums up jest's result files, and prints what the whole run came to. */
const [folder, failedSteps, seconds] = process.argv.slice(2);
const results = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const sum = (field) => results.reduce((total, each) => total + each[field], 0);
const skipped = sum("numPendingTests") + sum("numTodoTests");
const failedTests = sum("numFailedTests") + sum("numRuntimeErrorTestSuites");
// A step that failed without a failed test (lint, say) counts as one failure.
const failed = Math.max(failedTests, Number(failedSteps));

console.log("\nThe slowest tests, in seconds:");
for (const { duration, fullName } of slowest(20)) {
  console.log(`${(duration / 1000).toFixed(1).padStart(6)}  ${fullName}`);
}

console.log(
  failed === 0
    ? "\nFormat, lint, imports, types and every test hold."
    : "\nSomething does not hold; the steps above say what.",
);
if (skipped > 0)
  console.log(`${skipped} tests were skipped; they printed why.`);
console.log(
  `It took ${Math.floor(seconds / 60)} min ${seconds % 60} s of 15 minutes.`,
);
console.log(`${sum("numPassedTests")} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function slowest(count) {
  return results
    .flatMap(({ testResults }) => testResults)
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ duration, fullName }) => ({ duration: duration ?? 0, fullName }))
    .sort((a, b) => b.duration - a.duration)
    .slice(0, count);
}
