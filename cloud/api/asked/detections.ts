import type { DETECTIONS } from "../../query/lists/detections.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import { rangeIn } from "../../query/values.js";
import type {
  DetectionEntry,
  TelemetryQuery,
} from "../../telemetry/telemetry.js";
import type { OperatorApiPorts } from "../ports.js";
import { onlyValue } from "../query-field.js";
import type { Walk } from "../walk.js";

type Fields = FieldsOf<typeof DETECTIONS>;
type Ports = Pick<OperatorApiPorts, "telemetry" | "registry" | "clock">;

/** The message that brought a detection, and its place there. */
export type DetectionPlace = readonly [seq: number, nth: number];

/** Detections that a query asks for, the newest first. */
export function detectionsAsked(
  query: Query<Fields>,
  given: Pick<TelemetryQuery, "agent" | "org" | "range">,
  ports: Ports,
): Walk<DetectionEntry, DetectionPlace> {
  const source = onlyValue(query, "source");
  const asked = {
    agent: given.agent ?? onlyValue(query, "agent")?.toLowerCase(),
    org: given.org ?? onlyValue(query, "org")?.toLowerCase(),
    range: given.range ?? (source === undefined ? undefined : rangeIn(source)),
  };
  return {
    behind: (place, limit) => {
      const before = place && { seq: place[0], nth: place[1] };
      return ports.telemetry.detections({ ...asked, before, limit });
    },
    placeOf: ({ seq, nth }) => [seq, nth],
    isAskedFor: matcherOf(query, gettersFor(ports), ports.clock.now()),
  };
}

function gettersFor({ registry }: Ports): Getters<DetectionEntry, Fields> {
  const hostnames = new Map<string, string | null>();
  return {
    source: ({ source }) => source,
    org: ({ org }) => org,
    host: ({ agent }) => {
      const known = hostnames.get(agent);
      if (known !== undefined) return known;
      const found = registry.agent(agent)?.hostname ?? null;
      hostnames.set(agent, found);
      return found;
    },
    agent: ({ agent }) => agent,
    sensor: ({ sensor }) => sensor,
    action: ({ action }) => action,
    rule: ({ rule }) => rule,
    count: ({ count }) => count,
    seen: ({ time }) => time,
    told: ({ at }) => at,
  };
}
