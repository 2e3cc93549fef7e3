import type { Banned } from "../api-types.js";

/** A dry run never waits for somebody. */
export type Effect = Extract<
  Banned,
  { readonly dryRun: boolean }
>["effects"][number]["effect"];

/** What would become of one range, and of several: as a sentence ends. */
export const EFFECTS: Readonly<Record<Effect, readonly [string, string]>> = {
  new: ["is not banned yet, and would be", "are not banned yet, and would be"],
  extended: [
    "is banned already, and would be for longer",
    "are banned already, and would be for longer",
  ],
  enforced: [
    "is only observed, and would be banned",
    "are only observed, and would be banned",
  ],
  shortened: ["would be banned for less", "would be banned for less"],
  weakened: ["would only be observed", "would only be observed"],
  unchecked: ["would be banned", "would be banned"],
  unchanged: [
    "is banned for as long already: nothing would change",
    "are banned for as long already: nothing would change",
  ],
  "would-shorten": [
    "is banned for longer, and stays so",
    "are banned for longer, and stay so",
  ],
  "would-weaken": [
    "is banned, and stays so where this would only observe",
    "are banned, and stay so where this would only observe",
  ],
};
