import type { Case } from "../case.js";
import { away } from "./away.js";
import { bans } from "./bans.js";
import { departures } from "./departures.js";
import { keys } from "./keys.js";
import { processes } from "./processes.js";
import { reports } from "./reports.js";

/** All that version 1 promises between an agent and its cloud, in this order. */
export const agentSuite: readonly Case[] = [
  ...bans,
  ...keys,
  ...processes,
  ...reports,
  ...away,
  ...departures,
];
