import type { HostState } from "../../../receipts/host-outcome.js";

/** What hosts of a state do, for who reads of several of them. */
export const STATES: Readonly<Record<HostState, string>> = {
  "in-force": "It is in force.",
  observed: "They only count what it would stop, and drop nothing.",
  "on-trial": "They try it, and keep it if they are seen to live on.",
  "taken-back": "They tried it, were not seen to live on, and took it back.",
  held: "Their guards hold it back.",
  "held-in-part": "Their guards hold some of it back.",
  passed: "They took it in; their receipt is of a later change.",
  refused: "They did not believe it.",
  waiting: "They are connected, and have not answered yet.",
  offline: "They are not there.",
  ring: "It is not their turn yet: wide bans go ring by ring.",
  released: "Their operators released it there for a while.",
  "rolled-back": "Their operators went back to before it.",
  "not-enforcing": "Their kernels do not hold what they should.",
};

/** The same in a word or two, of one of them. */
export const STATE_WORDS: Readonly<Record<HostState, string>> = {
  "in-force": "in force",
  observed: "only counts",
  "on-trial": "on trial",
  "taken-back": "taken back",
  held: "held back",
  "held-in-part": "held in part",
  passed: "taken in",
  refused: "refused",
  waiting: "no answer yet",
  offline: "offline",
  ring: "waits its turn",
  released: "released there",
  "rolled-back": "rolled back there",
  "not-enforcing": "not enforcing",
};
