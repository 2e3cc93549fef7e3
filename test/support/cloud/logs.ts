import { join } from "node:path";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import { observed } from "../../../cloud/journal/observed.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import {
  View,
  type DecisionProjection,
  type ObservationProjection,
} from "../../../cloud/journal/view.js";
import { presenceTables } from "../../../cloud/registry/presence.projection.js";
import { registryTables } from "../../../cloud/registry/registry.projection.js";

/** Both logs of a cloud, with who is who and whatever else a test folds. */
export async function openLogs(
  folder: string,
  {
    clock = systemClock,
    ofDecisions = [],
    ofObservations = [],
  }: {
    readonly clock?: Clock;
    readonly ofDecisions?: readonly DecisionProjection[];
    readonly ofObservations?: readonly ObservationProjection[];
  } = {},
) {
  await using opened = new Lifetime();
  const path = (name: string) => join(folder, name);
  const decisions = opened.own(
    SqliteDecisions.open(path("decisions.db"), clock),
  );
  const observations = opened.own(
    SqliteObservations.open(path("observations.db"), clock),
  );
  const decided = opened.own(
    await View.open(path("decided.db"), decisions, [
      registryTables,
      ...ofDecisions,
    ]),
  );
  const seen = opened.own(
    await View.open(path("observed.db"), observations, [
      presenceTables,
      ...ofObservations,
    ]),
  );
  const views = { decided: decided.database, observed: seen.database };
  const open = opened.release();
  return {
    ...{ decisions, observations, views },
    decide: (...events: readonly DecisionEvent[]) => decisions.append(events),
    observe: (...events: readonly ObservationEvent[]) =>
      observations.put(events.map(observed)),
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

export type Logs = Awaited<ReturnType<typeof openLogs>>;
