import { listOf } from "../query.js";

/** Whom hosts saw, or bans met. */
export const ATTACKERS = listOf("attackers", "attackers", [
  {
    ...{ name: "address", kind: "range", says: "theirs, or a range around" },
    reads: ["in …", "not in …"],
  },
  {
    ...{ name: "org", kind: "text", says: "a customer who saw them" },
    reads: ["seen at …", "not seen at …"],
  },
  {
    ...{ name: "orgs", kind: "number", says: "how many customers saw them" },
    reads: ["seen by … orgs", "not seen by … orgs"],
  },
  {
    ...{ name: "hosts", kind: "number", says: "how many hosts saw them" },
    reads: ["seen by … hosts", "not seen by … hosts"],
  },
  {
    ...{ name: "failures", kind: "number", says: "log-ins that failed" },
    reads: ["with … failures", "not with … failures"],
  },
  {
    ...{
      name: "packets",
      kind: "number",
      says: "that bans dropped or counted",
    },
    reads: ["with … packets", "not with … packets"],
  },
  {
    ...{ name: "first", kind: "time", says: "when they were first seen" },
    reads: ["first seen …", "not first seen …"],
  },
  {
    ...{ name: "last", kind: "time", says: "when they were last seen" },
    reads: ["last seen …", "not last seen …"],
  },
  {
    ...{ name: "country", kind: "text", says: "two letters, such as NL" },
    reads: ["from …", "not from …"],
    has: ["from a known country", "from an unknown country"],
  },
  {
    ...{ name: "sensor", kind: "text", says: "what saw them, such as sshd" },
    reads: ["seen by sensor …", "not seen by sensor …"],
  },
  {
    ...{ name: "banned", kind: "yesno", says: "a ban is on them now" },
    phrases: {
      yes: ["that are banned", "that are not banned"],
      no: ["that are not banned", "that are banned"],
    },
  },
]);
