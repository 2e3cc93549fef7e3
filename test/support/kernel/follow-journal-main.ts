import { appendFileSync, writeFileSync } from "node:fs";
import { systemClock } from "../../../agent/runtime/clock.js";
import { Journal, readJournalEntry } from "../../../agent/sensors/journal.js";

/** Writes down what sshd says in the journal: `PATH`. */
const [path = ""] = process.argv.slice(2);
writeFileSync(path, "");
const journal = new Journal({
  command: "journalctl",
  identifiers: ["sshd"],
  clock: systemClock,
  take: (lines) => {
    const said = lines.map((it) => `${readJournalEntry(it)?.message ?? ""}\n`);
    appendFileSync(path, said.join(""));
    return Promise.resolve();
  },
  found: () => undefined,
  lost: (why) => appendFileSync(path, `lost ${why.message}\n`),
});
process.once("SIGTERM", () => {
  void journal[Symbol.asyncDispose]().then(() => process.exit(0));
});
