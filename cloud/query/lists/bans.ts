import { listOf } from "../query.js";

/** What is banned now. */
export const BANS = listOf("bans", "bans", [
  {
    ...{ name: "range", kind: "range", says: "what is banned, or a part" },
    reads: ["that meet …", "that do not meet …"],
  },
  {
    ...{ name: "feed", kind: "text", says: "urgent, reputation, org/…" },
    reads: ["in feed …", "not in feed …"],
  },
  {
    ...{ name: "org", kind: "text", says: "whose feed it is in" },
    reads: ["for … alone", "not for … alone"],
    has: ["for one org alone", "for everybody"],
  },
  {
    ...{ name: "decision", kind: "text", says: "its decision's id" },
    reads: ["of decision …", "not of decision …"],
  },
  {
    ...{ name: "reason", kind: "text", says: "why; *word* has it in it" },
  },
  {
    ...{ name: "until", kind: "time", ahead: true, says: "when it ends" },
    reads: ["that end …", "that do not end …"],
  },
  {
    ...{ name: "since", kind: "time", says: "when it was decided" },
    reads: ["that were decided …", "that were not decided …"],
  },
  {
    ...{ name: "observed", kind: "yesno", says: "hosts only count" },
    phrases: {
      yes: ["that are only observed", "that are enforced"],
      no: ["that are enforced", "that are only observed"],
    },
  },
  {
    ...{ name: "rings", kind: "yesno", says: "it reaches hosts ring by ring" },
    phrases: {
      yes: ["that go ring by ring", "that all hosts have at once"],
      no: ["that all hosts have at once", "that go ring by ring"],
    },
  },
]);
