import { once } from "node:events";
import { parseArgs } from "node:util";
import { Lively } from "./lively.js";

/** `scripts/demo --console`: a lively fleet, for whoever looks at the console. */
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "18790" },
    hosts: { type: "string", default: "120" },
    /** Of all that hosts say, a second. */
    rate: { type: "string", default: "6" },
    /** Seconds from one attack to the next. */
    every: { type: "string", default: "40" },
    seed: { type: "string", default: "15" },
    /** Everybody's; drawn unless given, or in the environment. */
    password: { type: "string" },
  },
});

const say = (line = ""): void => void process.stdout.write(`${line}\n`);
const begun = performance.now();
await using lively = await Lively.open({
  port: Number(values.port),
  hosts: Number(values.hosts),
  perSecond: Number(values.rate),
  attackEveryS: Number(values.every),
  seed: Number(values.seed),
  password: values.password ?? process.env["TOURNIQUET_DEMO_PASSWORD"],
  named: "localhost",
  say,
});
say(`ready after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
say(`\n  ${lively.address}\n`);
for (const { name, password } of Object.values(lively.people)) {
  say(`  ${name.padEnd(6)} ${password}`);
}
say("\nCtrl-C ends it, and leaves nothing behind");
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
say("\nit ends");
