import { expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock as clock } from "../../../agent/runtime/clock.js";
import { Allowances } from "../../../cloud/telemetry/allowances.js";
import { contactTables } from "../../../cloud/telemetry/contacts.projection.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import { Intake } from "../../../cloud/telemetry/intake.js";
import { sightingTables } from "../../../cloud/telemetry/sightings.projection.js";
import { spoolTables } from "../../../cloud/telemetry/spools.projection.js";
import { Telemetry } from "../../../cloud/telemetry/telemetry.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { detection } from "./items.js";

it("the intake has checked what is new, and nothing known or too much", async () => {
  using folder = temporaryFolder();
  await using logs = await logsIn(folder.path);
  await using intake = intakeOf(logs);
  expect(await intake.take(1, 3)).toEqual(["durable", 3]);
  expect(await intake.take(1, 3)).toEqual(["durable", 0]);
  expect(await intake.take(2, 4)).toEqual(["durable", 2]);
  intake.hasRoom = false;
  expect(await intake.take(6, 3)).toEqual(["not-kept", 0]);
});

it("the intake writes down nothing of what does not pass", async () => {
  using folder = temporaryFolder();
  await using logs = await logsIn(folder.path);
  await using intake = intakeOf(logs);
  const bad = intake.take(1, 3, new Error("a bad signature"));
  await expect(bad).rejects.toThrow("a bad signature");
  expect(await logs.observations.after(0, 10)).toEqual([]);
  expect(await intake.take(1, 1)).toEqual(["durable", 1]);
});

const logsIn = (folder: string) =>
  openLogs(folder, {
    ofObservations: [
      ...[spoolTables, detectionTables, sightingTables, contactTables],
    ],
  });

const ample = {
  ...{ agentMiBPerDay: 1_000, agentBurstMiB: 100 },
  ...{ orgMiBPerDay: 1_000, orgBurstMiB: 100 },
};

/** Takes in items by their numbers, and says how many of them were checked. */
function intakeOf(logs: Awaited<ReturnType<typeof openLogs>>) {
  const { observed } = logs.views;
  const telemetry = new Telemetry(observed);
  const intake = new Intake({
    ...{ observations: logs.observations, clock, log: silentLogger },
    allowances: new Allowances(ample, clock),
    hasRoom: () => life.hasRoom,
    dropped: () => undefined,
    rate: { perSecond: 100, burst: 1_024 },
    through: (agent, spool) => telemetry.through(agent, spool),
  });
  const take = async (first: number, count: number, bad?: Error) => {
    const items = Array.from({ length: count }, (_, i) =>
      detection(`203.0.113.${first + i}`),
    );
    const message = { type: "telemetry", spool: "s", first, items } as const;
    let checked = 0;
    const from = { agent: "agt-1", org: "example" };
    const taken = await intake.take(from, message, (fresh) => {
      if (bad) throw bad;
      checked += fresh.length;
    });
    return [taken, checked];
  };
  const life = {
    ...{ take, hasRoom: true },
    [Symbol.asyncDispose]: () => intake[Symbol.asyncDispose](),
  };
  return life;
}
