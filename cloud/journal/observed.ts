import { createHash, randomUUID } from "node:crypto";
import type { Observation, ObservationEvent } from "./observation-events.js";

/**
 * An observation with its key. What shows the same of the same document, start or
 * place in a spool has the same one, whenever and by whomever it is taken down.
 */
export function observed(event: ObservationEvent): Observation {
  const { agent } = event;
  const at = (spool: string, number: number): Observation => ({
    ...{ agent, spool, number, event },
  });
  switch (event.kind) {
    case "telemetry":
      return at(event.spool, event.first);
    case "agent-booted":
      return at(event.boot, 0);
    case "receipt":
    case "agent-left":
      return at(digestOf(event.signed), 0);
    // One hello may show as much of each feed, and a clone beside it.
    case "divergence":
      return at(digestOf(event.signed), placeOf(event.feed));
    case "agent-cloned":
      return at(digestOf(event.signed), CLONE);
    case "agent-seen":
    case "refusal":
      return at(randomUUID(), 0);
  }
}

const digestOf = (signed: string): string =>
  createHash("sha256").update(signed).digest("hex");

const CLONE = 3;

function placeOf(feed: string): number {
  if (feed === "urgent") return 0;
  return feed === "reputation" ? 1 : 2;
}
