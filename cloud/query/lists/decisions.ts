import { listOf } from "../query.js";

/** What was decided: by people, by rules, by lists. */
export const DECISIONS = listOf("decisions", "decisions", [
  { name: "id", kind: "text", says: "the decision's id" },
  {
    ...{ name: "action", kind: "choice", says: "what was done" },
    choices: ["ban", "lift", "import"],
    phrases: {
      ban: ["that ban", "that do not ban"],
      lift: ["that lift", "that do not lift"],
      import: ["that import a list", "that import no list"],
    },
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
    ...{ name: "by", kind: "text", says: "an operator, or rule:NAME" },
    reads: ["by …", "not by …"],
    has: ["by somebody whose name is known", "by somebody of the vendor"],
  },
  {
    ...{ name: "rule", kind: "text", says: "the rule that decided" },
    reads: ["by rule …", "not by rule …"],
    has: ["by a rule", "by a person"],
  },
  {
    ...{ name: "range", kind: "range", says: "of the first few ranges" },
    reads: ["that name …", "that do not name …"],
  },
  { name: "reason", kind: "text", says: "why; *word* has it in it" },
  {
    ...{ name: "list", kind: "text", says: "the list that was imported" },
    reads: ["of list …", "not of list …"],
  },
  {
    ...{ name: "observed", kind: "yesno", says: "hosts only count" },
    phrases: {
      yes: ["that are only observed", "that are not only observed"],
      no: ["that are not only observed", "that are only observed"],
    },
  },
  {
    ...{ name: "decided", kind: "time", says: "when" },
    reads: ["made …", "not made …"],
  },
  {
    ...{ name: "until", kind: "time", ahead: true, says: "when the last ends" },
    reads: ["that end …", "that do not end …"],
    has: ["with an end", "without an end that is known"],
  },
  {
    ...{ name: "ranges", kind: "number", says: "how many" },
    reads: ["of … ranges", "not of … ranges"],
  },
  {
    ...{ name: "confidence", kind: "number", says: "a rule's, from 0 to 1" },
    reads: ["with a confidence of …", "not with a confidence of …"],
  },
  {
    ...{ name: "undone", kind: "yesno", says: "somebody undid it" },
    phrases: {
      yes: ["that were undone", "that were not undone"],
      no: ["that were not undone", "that were undone"],
    },
  },
]);
