import { watchContacts } from "../../../agent/attribution/watch.js";
import { NFLOG } from "../../../agent/enforce/nftables/rules/verdicts.js";
import { systemClock } from "../../../agent/runtime/clock.js";

/** Prints contacts, one JSON object a line, until it is killed. */
await watchContacts({
  told: NFLOG,
  clock: systemClock,
  isOwn: () => false,
  contacted: ({ caller }) =>
    process.stdout.write(`${JSON.stringify(caller)}\n`),
  failed: (why) => process.stdout.write(`${String(why)}\n`),
});
process.stdout.write("ready\n");
setInterval(() => undefined, 1_000);
