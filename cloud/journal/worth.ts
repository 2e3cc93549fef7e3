import type { Worth } from "../disk/worth.js";
import type { DecisionEvent } from "./decision-events.js";
import type { Observation, ObservationEvent } from "./observation-events.js";

/** The priority of an append when room runs out: the highest of its events. */
export const worthOfDecisions = (events: readonly DecisionEvent[]): Worth =>
  highest(events.map(worthOfDecision));

/** The same of what agents said: nothing of it is an order. */
export const worthOfObservations = (batch: readonly Observation[]): Worth =>
  highest(batch.map(({ event }) => ofObservations[event.kind]));

function highest(all: readonly Worth[]): Worth {
  if (all.includes("orders")) return "orders";
  return all.includes("answers") ? "answers" : "telemetry";
}

function worthOfDecision(event: DecisionEvent): Worth {
  switch (event.kind) {
    case "decided":
      return isAnOrder(event) ? "orders" : "answers";
    case "rules-published":
      // What is only watched decides nothing, and may come again and again.
      return event.mode === "shadow" ? "answers" : "orders";
    default:
      return ofDecisions[event.kind];
  }
}

const ofObservations: Readonly<Record<ObservationEvent["kind"], Worth>> = {
  telemetry: "telemetry",
  receipt: "answers",
  refusal: "answers",
  divergence: "answers",
  "agent-seen": "answers",
  "agent-left": "answers",
  "agent-booted": "answers",
  "agent-cloned": "answers",
};

const ofDecisions: Readonly<
  Record<Exclude<DecisionEvent["kind"], "decided" | "rules-published">, Worth>
> = {
  // Its decision says what it is worth; without one it goes on with a list.
  segment: "answers",
  // What it made says what it is worth.
  call: "answers",
  "operator-added": "orders",
  "operator-joined": "orders",
  "operator-changed": "orders",
  "credential-added": "orders",
  "credential-revoked": "orders",
  "token-revoked": "orders",
  "org-added": "orders",
  "token-made": "orders",
  "agent-enrolled": "orders",
  "agent-rekeyed": "orders",
  "clones-cleared": "orders",
  "agent-revoked": "orders",
  "agent-forgotten": "orders",
  "agent-tagged": "orders",
  "feed-begun": "orders",
  approval: "orders",
  "policy-published": "orders",
  "root-published": "orders",
  "log-begun": "orders",
  // A person settles proposals; what rules propose all day would use up the reserve.
  proposed: "answers",
  "proposal-settled": "orders",
  "order-proposed": "orders",
  "glass-broken": "orders",
  "glass-reviewed": "orders",
  "org-vouched": "orders",
  // Strangers open them.
  "contest-opened": "answers",
  "contest-invited": "orders",
  "contest-answered": "orders",
  "vouch-withdrawn": "orders",
  "rate-reached": "answers",
  undone: "orders",
  "shadow-ended": "orders",
  shadowed: "answers",
  // Every minute; what it is of stays where it is until there is room.
  observed: "answers",
  erased: "orders",
};

/** Whole lists, and what rules ban all day long, would use up any reserve. */
const isAnOrder = ({
  by,
  action,
  undoes,
}: DecisionEvent & { kind: "decided" }) =>
  undoes !== undefined || (!by.startsWith("rule:") && action !== "import");
