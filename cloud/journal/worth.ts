import type { Worth } from "../disk/worth.js";
import type { Event } from "./events.js";

/** The priority of an append when room runs out: the highest of its events. */
export function worthOf(events: readonly Event[]): Worth {
  const worths = new Set(events.map(worthOfOne));
  if (worths.has("orders")) return "orders";
  return worths.has("answers") ? "answers" : "telemetry";
}

function worthOfOne(event: Event): Worth {
  if (event.kind !== "decided") return worths[event.kind];
  return isAnOrder(event) ? "orders" : "answers";
}

const worths: Readonly<Record<Exclude<Event["kind"], "decided">, Worth>> = {
  telemetry: "telemetry",
  receipt: "answers",
  refusal: "answers",
  divergence: "answers",
  "agent-seen": "answers",
  "agent-booted": "answers",
  "agent-cloned": "answers",
  // Its decision says what it is worth; without one it goes on with a list.
  segment: "answers",
  "operator-added": "orders",
  "org-added": "orders",
  "token-made": "orders",
  "agent-enrolled": "orders",
  "agent-rekeyed": "orders",
  "clones-cleared": "orders",
  "agent-revoked": "orders",
  "agent-forgotten": "orders",
  "feed-begun": "orders",
  approval: "orders",
  // A person settles proposals; what rules propose all day would use up the reserve.
  proposed: "answers",
  "proposal-settled": "orders",
  "rate-reached": "answers",
};

/** Whole lists, and what rules ban all day long, would use up any reserve. */
const isAnOrder = ({ by, action }: Event & { kind: "decided" }): boolean =>
  !by.startsWith("rule:") && action !== "import";
