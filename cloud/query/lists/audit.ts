import { listOf } from "../query.js";

/** What operators called for. */
export const AUDIT = listOf("calls", "calls", [
  {
    ...{ name: "by", kind: "text", says: "an operator's name or id" },
    reads: ["by …", "not by …"],
  },
  {
    ...{ name: "operation", kind: "text", says: "such as ban, undo, addOrg" },
    reads: ["of …", "not of …"],
  },
  {
    ...{ name: "role", kind: "choice", says: "as what they called" },
    choices: ["partner", "viewer", "actuator", "analyst", "approver", "admin"],
    reads: ["as …", "not as …"],
  },
  {
    ...{ name: "org", kind: "text", says: "whose operator it is" },
    reads: ["by people of …", "not by people of …"],
    has: ["by an org's people", "by the vendor's people"],
  },
  {
    ...{ name: "from", kind: "range", says: "the address they came from" },
    reads: ["from …", "not from …"],
    has: ["from an address", "from the cloud's own socket"],
  },
  { name: "why", kind: "text", says: "why; *word* has it in it" },
  {
    ...{ name: "called", kind: "time", says: "when" },
    reads: ["made …", "not made …"],
  },
  { name: "call", kind: "text", says: "the call's id" },
  { name: "credential", kind: "text", says: "what they signed in with" },
]);
