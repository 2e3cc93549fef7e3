import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dataFolder } from "../bench/lists.js";
import { readChurn } from "./churn.js";
import { killAndCompare } from "./kill.js";

/** `--kills N [--seed S]`: kills the agent at random moments, and compares. */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});

const trace = join(dataFolder(), "firehol/firehol_level4.deltas.jsonl");
if (process.env["TOURNIQUET_NAMESPACE"] !== "private") {
  process.stderr.write("kill: run it through scripts/in-namespace\n");
  process.exitCode = 2;
} else {
  const real = existsSync(trace);
  process.stdout.write(
    real
      ? "pushing the real churn of firehol_level4\n"
      : `pushing made-up churn: ${trace} is not there\n`,
  );
  const churn = readChurn(real ? trace : undefined);
  const { kills, seed } = values;
  const result = await killAndCompare({
    churn,
    kills: Number(kills),
    seed: Number(seed),
    say: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`${result.summary}\n`);
  process.exitCode = result.ok ? 0 : 1;
}
