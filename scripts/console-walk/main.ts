import { parseArgs } from "node:util";
import { theWholeOfIt } from "./attack.js";
import { whatIsBanned } from "./bans.js";
import { brokenStream, tooManyPages } from "./broken-stream.js";
import { Checks } from "./checks.js";
import { forEverybody } from "./for-everybody.js";
import { hostileHosts } from "./hostile.js";
import { byKeyboardAlone } from "./keyboard.js";
import { openForLong } from "./open-for-long.js";
import { whatRolesSee } from "./roles.js";
import { seeingFaults } from "./seeing-faults.js";
import { signingIn } from "./sign-in.js";
import { Stage } from "./stage.js";

/** `scripts/test-console` and `scripts/test-long`: the console, as people use it. */
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seed: { type: "string", default: "15" },
    hosts: { type: "string", default: "40" },
    /** Minutes that pages stay open; 0: not at all. */
    soak: { type: "string", default: "10" },
    "soak-alone": { type: "boolean", default: false },
  },
});

const begun = performance.now();
const checks = new Checks(values.only);
const seed = Number(values.seed);
if (!values["soak-alone"]) await walkThroughAll();
await openForLong(checks, { minutes: Number(values.soak), seed });
const took = ((performance.now() - begun) / 1_000).toFixed(0);
process.stdout.write(`it took ${took} s\n${checks.summary}\n`);
process.exitCode = checks.hold ? 0 : 1;

async function walkThroughAll(): Promise<void> {
  await using stage = await Stage.open({
    ...{ hosts: Number(values.hosts), seed },
    ...{ perSecond: 6, attackEveryS: 60, areAllWell: true },
  });
  checks.watch(stage.browser);
  await seeingFaults(stage, checks);
  await signingIn(stage, checks);
  await theWholeOfIt(stage, checks);
  await byKeyboardAlone(stage, checks);
  await whatIsBanned(stage, checks);
  await brokenStream(stage, checks);
  await tooManyPages(stage, checks);
  await hostileHosts(stage, checks);
  await whatRolesSee(stage, checks);
  await forEverybody(stage, checks);
}
