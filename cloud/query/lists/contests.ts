import { listOf } from "../query.js";

/** Bans that somebody says are wrong. */
export const CONTESTS = listOf("contests", "contests", [
  { name: "id", kind: "text", says: "the contest's id" },
  {
    ...{ name: "address", kind: "range", says: "the one that is banned" },
    reads: ["about …", "not about …"],
  },
  {
    ...{ name: "state", kind: "choice", says: "what was said to it" },
    choices: ["open", "released", "shortened", "refused"],
    phrases: {
      open: ["that wait", "that do not wait"],
      released: ["that were released", "that were not released"],
      shortened: ["that were shortened", "that were not shortened"],
      refused: ["that were refused", "that were not refused"],
    },
  },
  {
    ...{ name: "overdue", kind: "yesno", says: "nobody answered in time" },
    phrases: {
      yes: ["that are overdue", "that are not overdue"],
      no: ["that are not overdue", "that are overdue"],
    },
  },
  {
    ...{ name: "proof", kind: "choice", says: "how it is known whose it is" },
    choices: ["from-address", "code", "operator"],
    phrases: {
      "from-address": ["that came from the address", "that came otherwise"],
      code: ["that came with a code", "that came without a code"],
      operator: ["that an operator opened", "that no operator opened"],
    },
  },
  {
    ...{ name: "by", kind: "text", says: "who opened it, or stranger" },
    reads: ["opened by …", "not opened by …"],
  },
  {
    ...{ name: "answeredby", kind: "text", says: "who answered" },
    reads: ["answered by …", "not answered by …"],
    has: ["that somebody answered", "that nobody answered"],
  },
  {
    ...{ name: "decision", kind: "text", says: "one that bans it, or did" },
    reads: ["about decision …", "not about decision …"],
  },
  { name: "why", kind: "text", says: "what they say; *word* has it in it" },
  { name: "contact", kind: "text", says: "where to reach them" },
  {
    ...{ name: "opened", kind: "time", says: "when" },
    reads: ["opened …", "not opened …"],
  },
  {
    ...{ name: "due", kind: "time", ahead: true, says: "when to answer by" },
    reads: ["due …", "not due …"],
  },
  {
    ...{ name: "answered", kind: "time", says: "when it was answered" },
    reads: ["answered …", "not answered …"],
    has: ["that were answered", "that were not answered"],
  },
]);
