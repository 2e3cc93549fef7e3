import { listOf } from "../query.js";

/** What waits, or waited, for a person's decision. */
export const PROPOSALS = listOf("proposals", "proposals", [
  { name: "id", kind: "text", says: "the proposal's id" },
  {
    ...{ name: "kind", kind: "choice", says: "whose it is" },
    choices: ["rule", "order"],
    phrases: {
      rule: ["that rules made", "that no rule made"],
      order: ["that people made", "that no person made"],
    },
  },
  {
    ...{ name: "state", kind: "choice", says: "what came of it" },
    choices: ["open", "released", "refused", "expired"],
    phrases: {
      open: ["that wait", "that do not wait"],
      released: ["that were released", "that were not released"],
      refused: ["that were refused", "that were not refused"],
      expired: ["that ran out", "that did not run out"],
    },
  },
  {
    ...{ name: "action", kind: "choice", says: "what it would do" },
    choices: ["ban", "lift", "import", "undo", "change"],
    phrases: {
      ban: ["that would ban", "that would not ban"],
      lift: ["that would lift", "that would not lift"],
      import: ["that would import a list", "that would import no list"],
      undo: ["that would undo something", "that would undo nothing"],
      change: ["that would change a policy or rules", "that change nothing"],
    },
  },
  {
    ...{ name: "range", kind: "range", says: "the attacker, or first ranges" },
    reads: ["about …", "not about …"],
  },
  {
    ...{ name: "feed", kind: "text", says: "urgent, reputation, org/…" },
    reads: ["in feed …", "not in feed …"],
  },
  {
    ...{
      name: "org",
      kind: "text",
      says: "whose hosts saw it, or whose order",
    },
    reads: ["of …", "not of …"],
  },
  {
    ...{ name: "by", kind: "text", says: "who gave the order" },
    reads: ["by …", "not by …"],
  },
  {
    ...{ name: "rule", kind: "text", says: "the rule that wants it" },
    reads: ["of rule …", "not of rule …"],
    has: ["of a rule", "of no rule"],
  },
  {
    ...{ name: "veto", kind: "text", says: "why the rule may not by itself" },
    reads: ["stopped by …", "not stopped by …"],
  },
  {
    ...{ name: "danger", kind: "text", says: "why the order waits" },
    reads: ["with danger …", "not with danger …"],
  },
  { name: "reason", kind: "text", says: "why; *word* has it in it" },
  {
    ...{ name: "proposed", kind: "time", says: "when" },
    reads: ["proposed …", "not proposed …"],
  },
  {
    ...{ name: "expires", kind: "time", ahead: true, says: "when it runs out" },
    reads: ["that run out …", "that do not run out …"],
  },
  {
    ...{ name: "settled", kind: "time", says: "when somebody decided on it" },
    reads: ["settled …", "not settled …"],
    has: ["that somebody settled", "that nobody settled"],
  },
  {
    ...{ name: "settledby", kind: "text", says: "who decided on it" },
    reads: ["settled by …", "not settled by …"],
  },
  {
    ...{ name: "ranges", kind: "number", says: "how many" },
    reads: ["of … ranges", "not of … ranges"],
  },
]);
