import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { keyFromPem } from "../../agent/trust/keys.js";
import { Batches } from "../lab/batch.js";
import { SimulatedHost } from "../lab/simulated-host.js";
import type { CrowdSetup } from "./crowd.js";

/** A place may open 50 sessions a second, and 200 at once. */
const PAUSE_MS = 25;

const [, , file = ""] = process.argv;
const { url, members } = JSON.parse(readFileSync(file, "utf8")) as CrowdSetup;
const welcomed: Promise<void>[] = [];
const batches = new Batches();
for (const { agent, key } of members) {
  const as = { url, agent, key: keyFromPem(key), version: "0.6.0" };
  // The authority of its certificate is in the environment.
  welcomed.push(new SimulatedHost(as, batches).connect());
  await sleep(PAUSE_MS);
}
await Promise.all(welcomed);
process.stdout.write("ready\n");
