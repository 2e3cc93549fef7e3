import { parseArgs } from "node:util";
import type { Case } from "./case.js";
import { agentSuite } from "./cases/agent-suite.js";
import { upgrades } from "./cases/upgrades.js";
import { version2 } from "./cases/version-2.js";
import { pairsWith, type Pair } from "./pair.js";
import { Tally } from "./tally.js";

/**
 * `--old FOLDER`: a checkout of 0.1.0, built. `--share 1/2`: the first, third, …
 * of the suites, so that two processes share them. The others choose by name.
 */
const { values } = parseArgs({
  options: {
    old: { type: "string", default: "" },
    pair: { type: "string", default: "" },
    only: { type: "string", default: "" },
    share: { type: "string", default: "1/1" },
  },
});

if (process.env["TOURNIQUET_NAMESPACE"] !== "private") {
  process.stderr.write("interop: run it through scripts/in-namespace\n");
  process.exitCode = 2;
} else {
  const tally = new Tally();
  const pairs = pairsWith(values.old);
  const suites = [
    ...pairs.map((pair) => ({ title: pair.name, pair, cases: casesOf(pair) })),
    ...upgrades(values.old),
  ];
  const [share = 1, shares = 1] = values.share.split("/").map(Number);
  for (const [index, { title, pair, cases }] of suites.entries()) {
    if (index % shares !== share - 1) continue;
    const chosen = cases.filter(({ name }) => name.includes(values.only));
    if (!title.includes(values.pair) || chosen.length === 0) continue;
    await tally.tryAll(title, pair, chosen);
  }
  const { passed, failed } = tally;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
  if (passed + failed === 0) {
    const { pair, only } = values;
    process.stderr.write(
      `interop: --pair "${pair}" with --only "${only}" is none of them\n`,
    );
    process.exitCode = 2;
  }
}

/** Only an agent of version 1 meets a root that it can't read. */
function casesOf({ init }: Pair): readonly Case[] {
  return init.length === 0 ? agentSuite : [...agentSuite, ...version2];
}
