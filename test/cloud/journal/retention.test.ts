import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import type { ReportedItem } from "../../../agent/protocol/telemetry-v2.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import { Retention } from "../../../cloud/journal/retention.js";
import { receiptTables } from "../../../cloud/receipts/receipts.projection.js";
import { bootTables } from "../../../cloud/registry/clones.projection.js";
import { statementTables } from "../../../cloud/telemetry/statements.projection.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { ManualClock } from "../../support/time/clock.js";
import { detection } from "../telemetry/items.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const TERMS = { keepDays: 90, receiptsKeepDays: 400, maxMiB: 1_000 };

describe("what agents said", () => {
  it("is forgotten when it is old: reports first, what devices signed later", async () => {
    await using world = await open();
    await world.observe(refusal, receiptAt(1));
    world.clock.jump(91 * DAY_MS);
    await world.observe(receiptAt(2));
    await world.tick();
    expect(world.tables()).toMatchObject({ receipts: 2, refusals: 0 });
    expect(await world.kinds()).toEqual(["gone", "receipt", "receipt"]);
    world.clock.jump(310 * DAY_MS);
    await world.tick();
    expect(world.tables()).toMatchObject({ receipts: 1, refusals: 0 });
    expect(world.retention.report()).toMatchObject({
      forgotten: { reports: 1, evidence: 1 },
    });
  });

  it("is kept for longer where a device signed it, statements among them", async () => {
    await using world = await open();
    await world.observe(reported(1, detection("203.0.113.7")));
    await world.observe(reported(2, STATEMENT));
    world.clock.jump(91 * DAY_MS);
    await world.tick();
    expect(await world.kinds()).toEqual(["gone", "telemetry"]);
    expect(world.tables()).toMatchObject({ statements: 1 });
    world.clock.jump(310 * DAY_MS);
    await world.tick();
    expect(await world.kinds()).toEqual(["gone", "gone"]);
    expect(world.tables()).toMatchObject({ statements: 0 });
    expect(world.retention.report()).toMatchObject({
      forgotten: { reports: 1, evidence: 1 },
    });
  });

  it("is forgotten by the view as well, though a crash came in between", async () => {
    await using world = await open();
    await world.observe(refusal, receiptAt(1));
    world.clock.jump(401 * DAY_MS);
    for (const kept of ["reports", "evidence"] as const) {
      await world.observations.forget(kept, Infinity, 9);
    }
    expect(world.tables()).toMatchObject({ receipts: 1, refusals: 1 });
    await world.tick();
    expect(world.tables()).toMatchObject({ receipts: 0, refusals: 0 });
  });

  it("goes earlier where it takes too much room, the oldest first, until it does not", async () => {
    await using world = await open({ maxMiB: 16 });
    const heavy = Array.from({ length: 40 }, (_, n) => pad(n));
    for (let batch = 0; world.retention.report().bytes < 20 * MIB; batch++) {
      await world.observe(...heavy.map((each) => each(batch)));
    }
    expect(world.retention.hasRoom()).toBe(false);
    const before = world.retention.report().bytes;
    for (let tick = 0; tick < 5; tick++) await world.tick();
    const { bytes, mostBytes, forgotten } = world.retention.report();
    expect(bytes).toBeLessThan(before);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
    expect(forgotten.reports).toBeGreaterThan(0);
    expect(world.retention.hasRoom()).toBe(true);
    const kinds = await world.kinds();
    expect(kinds.at(0)).toBe("gone");
    expect(kinds.at(-1)).toBe("telemetry");
  });

  it("is said in the cloud's status, with how long it is kept", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const spool = "123e4567-e89b-42d3-a456-426614174000";
    const items = [detection("203.0.113.7")];
    agent.send({ type: "telemetry", spool, first: 1, items });
    await agent.next("telemetry-ack");
    expect(await observationsOf(cloud)).toMatchObject({
      ...{ keepDays: 90, receiptsKeepDays: 400, disk: null },
      ...{ laggingSince: null, last: expect.any(Number) },
      ...{ mostBytes: 51_200 * MIB, bytes: expect.any(Number) },
    });
  });
});

const MIB = 1024 * 1024;

const refusal: ObservationEvent = {
  ...{ kind: "refusal", agent: "agt-1", feed: "urgent" },
  ...{ code: "bad-signature", detail: "" },
};

function receiptAt(offset: number): ObservationEvent {
  const position = { feed: "urgent", epoch: "e", offset, hash: "00" };
  const signed = JSON.stringify({ position, mode: "enforce", held: [] });
  return { kind: "receipt", agent: "agt-1", signed, signature: "" };
}

const STATEMENT = {
  kind: "statement",
  signed: JSON.stringify({ type: "statement", what: "mode", time: 1 }),
  signature: "",
} as const;

const reported = (first: number, item: ReportedItem): ObservationEvent => ({
  ...{ kind: "telemetry", agent: "agt-1", org: "example", spool: "s" },
  ...{ first, items: [item] },
});

/** Some 100 KiB of one agent's. */
const pad = (agent: number) => (batch: number) => {
  const items = [detection("203.0.113.7", { sensor: "x".repeat(100_000) })];
  const from = { agent: `agt-${agent}`, org: "example", spool: "s" };
  return { kind: "telemetry", ...from, first: batch + 1, items } as const;
};

async function open(more: Partial<typeof TERMS> = {}) {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [receiptTables, bootTables, statementTables];
  const logs = await openLogs(folder.path, { clock, ofObservations });
  const retention = new Retention(
    { ...TERMS, ...more },
    {
      ...{ clock, log: silentLogger, observations: logs.observations },
      ...{ observed: logs.views.observed, digested: () => 0 },
    },
  );
  const count = (table: string) =>
    logs.views.observed
      .prepare<[], number>(`SELECT count(*) FROM ${table}`)
      .pluck()
      .get();
  return {
    ...{ clock, retention, observe: logs.observe },
    observations: logs.observations,
    tick: async () => {
      await clock.advance(1_000);
      for (let turn = 0; turn < 200; turn++) await nextTurn();
    },
    tables: () => ({
      receipts: count("receipts"),
      refusals: count("refusals"),
      statements: count("statements"),
    }),
    kinds: async () =>
      (await logs.observations.after(0, 10_000)).map(({ event }) => event.kind),
    [Symbol.asyncDispose]: async () => {
      await retention[Symbol.asyncDispose]();
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function observationsOf(cloud: TestCloud): Promise<unknown> {
  const { body } = await cloud.request<{ observations: unknown }>(
    "GET",
    "/api/v1/status",
  );
  return body.observations;
}
