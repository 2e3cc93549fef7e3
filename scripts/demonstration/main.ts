import { parseArgs } from "node:util";
import { demonstrate } from "./demonstrate.js";
import { Teller } from "./teller.js";

/** `scripts/demo [LIST] [--json] [--keep]`, inside its namespace. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help || positionals.length > 1) {
  process.stdout.write(`usage: scripts/demo [LIST] [--json] [--keep]

Shows the main job with real packets, in network namespaces of its own.
  LIST     a block list to import (plain, FireHOL, Spamhaus, ipset, ipsum);
           without one, 10,000 addresses are made up
  --json   print the figures as one JSON object on the last line
  --keep   leave it running, and say how to play with it

scripts/demo --console shows what the vendor's people see; --help says more
`);
  process.exitCode = values.help ? 0 : 2;
} else {
  const teller = new Teller();
  const { json, keep } = values;
  const figures = await demonstrate({ list: positionals[0], keep }, teller);
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = figures.ok ? 0 : 1;
}
