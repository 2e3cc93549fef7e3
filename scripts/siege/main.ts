import { parseArgs } from "node:util";
import { attacks } from "./attacks.js";
import { asText } from "./report.js";
import { besiege } from "./siege.js";
import type { Target } from "./target.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "60" } },
});

const USAGE = `usage: npm run siege -- NAME|all [NAME ...] [--seconds N]
NAME is one of:
${attacks.map(({ name, what }) => `  ${name.padEnd(14)} ${what}`).join("\n")}
`;

const [first, second, third] = positionals;
if (first === "as-attacker") {
  const attack = attacks.find(({ name }) => name === second);
  const thrown = await attack?.throwAt(JSON.parse(third ?? "") as Target);
  process.stdout.write(`${thrown ?? "nothing"}\n`);
  setInterval(() => undefined, 60_000); // until it is ended
} else process.exitCode = await siege();

async function siege(): Promise<number> {
  const seconds = Number(values.seconds);
  const chosen = positionals.includes("all")
    ? attacks
    : attacks.filter(({ name }) => positionals.includes(name));
  const unknown = positionals.filter(
    (name) => name !== "all" && !attacks.some((each) => each.name === name),
  );
  if (chosen.length === 0 || unknown.length > 0 || !(seconds >= 1)) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (process.env["TOURNIQUET_NAMESPACE"] !== "private") {
    process.stderr.write(
      "siege: run it with npm run siege, which keeps it off this machine\n",
    );
    return 2;
  }
  let failed = 0;
  for (const attack of chosen) {
    const outcome = await besiege(attack, seconds);
    if (outcome.broken.length > 0) failed++;
    process.stdout.write(`${asText(outcome)}\n\n`);
  }
  process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
