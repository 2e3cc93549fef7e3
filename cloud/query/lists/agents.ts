import { listOf } from "../query.js";

/** Customers' hosts, each by its agent. */
export const AGENTS = listOf("agents", "hosts", [
  {
    ...{ name: "org", kind: "text", says: "the customer's id" },
    reads: ["of …", "not of …"],
  },
  {
    ...{ name: "host", kind: "text", says: "its hostname" },
    reads: ["called …", "not called …"],
  },
  { name: "id", kind: "text", says: "the agent's id" },
  {
    ...{ name: "tag", kind: "text", says: "one of its tags" },
    reads: ["tagged …", "not tagged …"],
  },
  {
    ...{ name: "group", kind: "text", says: "a group of its org's policy" },
    reads: ["in group …", "not in group …"],
    has: ["in a group", "in no group"],
  },
  {
    ...{ name: "state", kind: "choice", says: "whether it is connected" },
    choices: ["online", "offline", "left", "revoked"],
    phrases: {
      online: ["that are connected", "that are not connected"],
      offline: [
        "that should be connected, and are not",
        "that are not offline",
      ],
      left: ["that said goodbye", "that did not say goodbye"],
      revoked: ["that were revoked", "that were not revoked"],
    },
  },
  {
    ...{ name: "mode", kind: "choice", says: "what it does with its bans" },
    choices: [
      ...["enforce", "observe", "paused"],
      ...["not-enforcing", "safe-mode", "unknown"],
    ],
    phrases: {
      enforce: ["that enforce", "that do not enforce"],
      observe: ["that observe", "that do not observe"],
      paused: ["that are paused", "that are not paused"],
      unknown: ["that never said what they do", "that said what they do"],
    },
  },
  {
    ...{ name: "behind", kind: "number", says: "bans and lifts it has not" },
    reads: ["… changes behind", "not … changes behind"],
    has: ["that ever gave a receipt", "that never gave a receipt"],
  },
  {
    ...{ name: "unhealthy", kind: "yesno", says: "something is wrong with it" },
    phrases: {
      yes: ["with something wrong", "with nothing wrong"],
      no: ["with nothing wrong", "with something wrong"],
    },
  },
  {
    ...{ name: "health", kind: "text", says: "the code of what is wrong" },
    reads: ["that say …", "that do not say …"],
    has: ["that say that something is wrong", "that say of nothing wrong"],
  },
  {
    ...{ name: "version", kind: "version", says: "of the agent" },
    reads: ["of version …", "not of version …"],
  },
  {
    ...{ name: "system", kind: "text", says: "its operating system" },
    reads: ["with system …", "not with system …"],
  },
  {
    ...{ name: "kernel", kind: "version", says: "of Linux" },
    reads: ["with kernel …", "not with kernel …"],
    has: ["with a known kernel", "with a kernel that they never told"],
  },
  {
    ...{ name: "arch", kind: "text", says: "its processors' kind" },
    reads: ["with processors of …", "not with processors of …"],
  },
  {
    ...{ name: "protocol", kind: "number", says: "the newest that it reads" },
    reads: ["that read protocol …", "that do not read protocol …"],
  },
  {
    ...{ name: "lastseen", kind: "time", says: "when it was last heard" },
    reads: ["seen …", "not seen …"],
    has: ["that were seen before", "that were never seen"],
  },
  {
    ...{ name: "enrolled", kind: "time", says: "when it came" },
    reads: ["enrolled …", "not enrolled …"],
  },
  {
    ...{ name: "bans", kind: "number", says: "how many are in force there" },
    reads: ["with … bans in force", "not with … bans in force"],
    has: ["that told of their bans", "that never told of their bans"],
  },
  {
    ...{ name: "observed", kind: "number", says: "bans that it only counts" },
    reads: ["with … bans observed", "not with … bans observed"],
    has: ["that told of their bans", "that never told of their bans"],
  },
  {
    ...{ name: "held", kind: "number", says: "bans that its guard holds" },
    reads: ["with … bans held", "not with … bans held"],
    has: ["that told of their bans", "that never told of their bans"],
  },
]);
