import { listOf } from "../query.js";

/** What hosts' sensors saw. */
export const DETECTIONS = listOf("detections", "detections", [
  {
    ...{ name: "source", kind: "range", says: "where it came from" },
    reads: ["from …", "not from …"],
  },
  {
    ...{ name: "org", kind: "text", says: "the customer's id" },
    reads: ["at …", "not at …"],
  },
  {
    ...{ name: "host", kind: "text", says: "the hostname that saw it" },
    reads: ["on …", "not on …"],
  },
  {
    ...{ name: "agent", kind: "text", says: "the agent's id" },
    reads: ["on agent …", "not on agent …"],
  },
  {
    ...{ name: "sensor", kind: "text", says: "what saw it, such as sshd" },
    reads: ["by sensor …", "not by sensor …"],
  },
  {
    ...{ name: "action", kind: "choice", says: "what the host did" },
    choices: ["banned", "held", "none"],
    phrases: {
      banned: ["that were banned there", "that were not banned there"],
      held: ["that the guard held", "that the guard did not hold"],
      none: ["that nothing was done about", "that something was done about"],
    },
  },
  {
    ...{ name: "rule", kind: "text", says: "the guard's rule that held" },
    reads: ["held by …", "not held by …"],
    has: ["held by a rule", "held by no rule"],
  },
  {
    ...{ name: "count", kind: "number", says: "failures that made it one" },
    reads: ["of … failures", "not of … failures"],
  },
  {
    ...{ name: "seen", kind: "time", says: "when, by the host's clock" },
    reads: ["made …", "not made …"],
  },
  {
    ...{ name: "told", kind: "time", says: "when the cloud was told" },
    reads: ["told …", "not told …"],
  },
]);
