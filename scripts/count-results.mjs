import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Sums up jest's result files, and prints what the whole run came to. */
const [folder, failedSteps, seconds, budget, allHolds] = process.argv.slice(2);
const results = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const suites = results.flatMap(({ testResults }) => testResults);
const sum = (field) => results.reduce((total, each) => total + each[field], 0);
const skipped = sum("numPendingTests") + sum("numTodoTests");
const failedTests = sum("numFailedTests") + sum("numRuntimeErrorTestSuites");
// A step that failed without a failed test (lint, say) counts as one failure.
const failed = Math.max(failedTests, Number(failedSteps));

console.log("\nThe slowest tests, in seconds:");
for (const { duration, fullName } of slowest(20)) {
  console.log(`${(duration / 1000).toFixed(1).padStart(6)}  ${fullName}`);
}

// Last, where whoever sees but the end of a long log finds them.
for (const { fullName, where, words } of failures()) {
  console.log(`\nFAILED ${where}: ${fullName}\n${words}`);
}

console.log(
  failed === 0
    ? `\n${allHolds}`
    : "\nSomething does not hold; the steps above say what.",
);
if (skipped > 0)
  console.log(`${skipped} tests were skipped; they printed why.`);
console.log(
  `It took ${Math.floor(seconds / 60)} min ${seconds % 60} s of ${budget} minutes.`,
);
console.log(`${sum("numPassedTests")} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function failures() {
  return suites.flatMap(({ name, message, status, assertionResults }) => {
    const where = relative(process.cwd(), name);
    const failed = assertionResults.filter((each) => each.status === "failed");
    // A file that could not be loaded has a message, and no test that failed.
    if (failed.length === 0 && status === "failed") {
      return [{ where, fullName: "the whole file", words: start(message) }];
    }
    return failed.map(({ fullName, failureMessages }) => ({
      where,
      fullName,
      words: start(failureMessages.join("\n")),
    }));
  });
}

function start(text) {
  const lines = stripVTControlCharacters(text).split("\n").slice(0, 20);
  return lines.map((line) => line.slice(0, 200)).join("\n");
}

function slowest(count) {
  return suites
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ duration, fullName }) => ({ duration: duration ?? 0, fullName }))
    .sort((a, b) => b.duration - a.duration)
    .slice(0, count);
}
