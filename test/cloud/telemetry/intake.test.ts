import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { silentLogger } from "../../../agent/log/logger.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import {
  Allowances,
  type TelemetrySettings,
} from "../../../cloud/telemetry/allowances.js";
import { contactTables } from "../../../cloud/telemetry/contacts.projection.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import type { Taken } from "../../../cloud/telemetry/intake.js";
import { Intake } from "../../../cloud/telemetry/intake.js";
import { sightingTables } from "../../../cloud/telemetry/sightings.projection.js";
import { spoolTables } from "../../../cloud/telemetry/spools.projection.js";
import { Telemetry } from "../../../cloud/telemetry/telemetry.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs, type Logs } from "../../support/cloud/logs.js";
import { detection } from "./items.js";

describe("the intake", () => {
  it("takes each item once, whatever is repeated, lost or restarted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), async (steps) => {
        using folder = temporaryFolder();
        const acked = new Map<string, number>();
        let life = await open(folder.path);
        for (const step of steps) {
          if (step.kind === "restart") {
            await life[Symbol.asyncDispose]();
            life = await open(folder.path);
            continue;
          }
          const { agent, spool, first, count, repeat } = step;
          life.fail = step.fail;
          life.turns = step.turns;
          const answers = Array.from({ length: repeat }, () =>
            life.take(agent, spool, numbered(first, count)),
          );
          for (const taken of await Promise.all(answers)) {
            if (taken !== "durable") continue;
            const key = `${agent}/${spool}`;
            const last = first + count - 1;
            acked.set(key, Math.max(last, acked.get(key) ?? 0));
          }
        }
        const held = await life.held();
        for (const numbers of held.values()) {
          expect(numbers).toEqual(ascendingAndUnique(numbers));
        }
        for (const [key, last] of acked) {
          expect(held.get(key)?.at(-1)).toBeGreaterThanOrEqual(last);
        }
        await life[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });

  it("puts what many agents say into one batch", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    const taken = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        life.take(`agt-${i}`, SPOOLS[0], numbered(1, 2)),
      ),
    );
    expect(new Set(taken)).toEqual(new Set(["durable"]));
    expect(life.appends).toBe(1);
  });

  it("acks nothing that the disk did not take, and takes it when it is said again", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    life.fail = true;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("not-kept");
    life.fail = false;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("durable");
    expect((await life.held()).get(`a/${SPOOLS[0]}`)).toEqual([1, 2, 3]);
  });

  it("lets what goes on in a spool wait for what is being written of it", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    life.turns = 20;
    life.fail = true;
    const first = life.take("a", SPOOLS[0], numbered(1, 600)); // goes at once
    await nextTurn();
    life.fail = false; // the disk would take what goes on behind it
    const second = life.take("a", SPOOLS[0], numbered(601, 3));
    expect(await Promise.all([first, second])).toEqual([
      ...["not-kept", "not-kept"],
    ]);
    expect((await life.held()).size).toBe(0);
    expect(await life.take("a", SPOOLS[0], numbered(1, 603))).toBe("durable");
  });

  it("answers what waited to be written while it closed", async () => {
    using folder = temporaryFolder();
    const life = await open(folder.path);
    life.turns = 20;
    const first = life.take("a", SPOOLS[0], numbered(1, 600)); // goes at once
    await nextTurn();
    const second = life.take("a", SPOOLS[0], numbered(601, 3));
    await nextTurn();
    await life[Symbol.asyncDispose]();
    expect(await Promise.all([first, second])).toEqual([
      ...["durable", "not-kept"],
    ]);
  });

  it("lets an agent's rate through, and no other agent pay for it", async () => {
    using folder = temporaryFolder();
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    await using life = await open(folder.path, clock);
    let first = 1;
    const say = (agent: string): Promise<Taken> => {
      const answer = life.take(agent, SPOOLS[0], numbered(first, 64));
      first += 64;
      return answer;
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => say("a")),
    );
    expect(answers.filter((each) => each === "durable")).toHaveLength(16);
    expect(await say("b")).toBe("durable");
    expect(await say("a")).toBe("too-fast");
    now += 1_000;
    expect(await say("a")).toBe("durable");
    expect(await say("a")).toBe("too-fast");
  });

  it("slows an agent down that waits for its answers, and loses nothing of it", async () => {
    using folder = temporaryFolder();
    let now = 0;
    const clock: Clock = {
      ...systemClock,
      monotonic: () => now,
      sleep: async (ms) => {
        await systemClock.sleep(1);
        now += ms;
      },
    };
    await using life = await open(folder.path, clock);
    const message = (number: number) => numbered(1 + number * 64, 64);
    const burst = Array.from({ length: 16 }, (_, i) =>
      life.take("a", SPOOLS[0], message(i)),
    );
    await Promise.all(burst);
    expect(now).toBe(0);
    expect(await life.take("a", SPOOLS[0], message(16))).toBe("durable");
    expect(now).toBeCloseTo(640, -1);
    expect(await life.take("a", SPOOLS[0], message(17))).toBe("durable");
    expect(now).toBeCloseTo(1_280, -1);
    expect((await life.held()).get(`a/${SPOOLS[0]}`)).toHaveLength(18 * 64);
  });

  it("lets an agent report its bytes, and the rest when its day has gone on", async () => {
    using folder = temporaryFolder();
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    const budget = { agentBurstMiB: 1, agentMiBPerDay: 24 };
    await using life = await open(folder.path, clock, budget);
    const say = (agent: string, number: number) =>
      life.take(agent, SPOOLS[0], heavy(number));
    let taken = 0;
    while ((await say("a", taken + 1)) === "durable") taken += 1;
    expect(taken * HEAVY_BYTES).toBeLessThanOrEqual(1024 * 1024);
    expect((taken + 1) * HEAVY_BYTES).toBeGreaterThan(1024 * 1024 * 0.9);
    expect(await say("a", taken + 1)).toBe("over-budget");
    expect(life.dropped).toContain("telemetry-over-agent");
    expect(await say("b", 1)).toBe("durable");
    now += 3_600_000;
    expect(await say("a", taken + 1)).toBe("durable");
    expect((await life.held()).get(`a/${SPOOLS[0]}`)).toHaveLength(taken + 1);
  });

  it("lets an org's hosts report no more together than their org may", async () => {
    using folder = temporaryFolder();
    const budget = { orgBurstMiB: 1, orgMiBPerDay: 1 };
    await using life = await open(folder.path, systemClock, budget);
    let taken = 0;
    for (let i = 0; i < 100; i++) {
      const answer = await life.take(`agt-${i}`, SPOOLS[0], heavy(1));
      if (answer === "durable") taken += 1;
    }
    expect(taken * HEAVY_BYTES).toBeLessThanOrEqual(1024 * 1024);
    expect(life.dropped).toContain("telemetry-over-org");
  });

  it("takes nothing while the disk is short, and all of it later", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    life.room = false;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("not-kept");
    expect(life.dropped).toEqual(["telemetry-no-room"]);
    expect(life.appends).toBe(0);
    life.room = true;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("durable");
  });

  it("takes no numbers that cannot be counted on", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    const items = numbered(Number.MAX_SAFE_INTEGER, 2);
    expect(await life.take("a", SPOOLS[0], items)).toBe("impossible");
  });

  it("remembers an agent's newest spools, and no more", async () => {
    using folder = temporaryFolder();
    await using life = await open(folder.path);
    for (let i = 0; i < 20; i++) {
      await life.take("a", `spool-${i}`, numbered(1, 1));
    }
    expect(life.telemetry.through("a", "spool-3")).toBe(0);
    expect(life.telemetry.through("a", "spool-4")).toBe(1);
  });
});

const AMPLE: TelemetrySettings = {
  ...{ agentMiBPerDay: 1_000, agentBurstMiB: 100 },
  ...{ orgMiBPerDay: 1_000, orgBurstMiB: 100 },
};

const SPOOLS = ["s1", "s2"] as const;

const STEP = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("message" as const),
      agent: fc.constantFrom("a", "b"),
      spool: fc.constantFrom(...SPOOLS),
      first: fc.integer({ min: 1, max: 60 }),
      count: fc.integer({ min: 1, max: 12 }),
      /** How often the same is said before the first answer. */
      repeat: fc.integer({ min: 1, max: 3 }),
      fail: fc.boolean(),
      turns: fc.integer({ min: 0, max: 4 }),
    }),
  },
);

/** Items that say their numbers. */
function numbered(first: number, count: number) {
  const items = Array.from({ length: count }, (_, i): TelemetryItem => {
    return detection("203.0.113.7", { sensor: `n${first + i}` });
  });
  return { first, items };
}

/** An item as large as hits may be, and its number. */
function heavy(first: number) {
  const hit = {
    ...{ remote: "2001:db8:1111:2222::/64", direction: "in" as const },
    ...{ forwarded: false, observed: false, protocol: 6, port: 22 },
    ...{ packets: 1_000_000, bytes: 1_000_000_000 },
  };
  const item: TelemetryItem = {
    ...{
      kind: "hits",
      from: 0,
      to: 1,
      top: Array.from({ length: 100 }, () => hit),
    },
    others: { remotes: 0, packets: 0, bytes: 0, observed: 0 },
    sensor: `n${first}`,
  } as TelemetryItem;
  return { first, items: [item] };
}

const HEAVY_BYTES = JSON.stringify(heavy(1).items).length;

/** Both logs, their views and an intake: one life of a cloud. */
async function open(
  folder: string,
  clock: Clock = systemClock,
  telemetry: Partial<TelemetrySettings> = {},
) {
  const logs = await openLogs(folder, {
    clock,
    ofObservations: [
      ...[spoolTables, detectionTables, sightingTables, contactTables],
    ],
  });
  const asked = new Telemetry(logs.views.observed);
  const life = {
    ...{ fail: false, room: true, appends: 0, telemetry: asked },
    /** Turns of the event loop that a batch takes to be written. */
    turns: 0,
    dropped: [] as string[],
    take: (
      agent: string,
      spool: string,
      numbers: { first: number; items: TelemetryItem[] },
    ) =>
      intake.take(
        { agent, org: "example" },
        { type: "telemetry", spool, ...numbers },
      ),
    /** The numbers that are written down of each spool, as they came. */
    held: async () => {
      const held = new Map<string, number[]>();
      for (const { event } of await logs.observations.after(0, 100_000)) {
        if (event.kind !== "telemetry") continue;
        const key = `${event.agent}/${event.spool}`;
        const numbers = event.items.map((_, i) => event.first + i);
        expect(event.items).toMatchObject(
          numbers.map((number) => ({ sensor: `n${number}` })),
        );
        held.set(key, [...(held.get(key) ?? []), ...numbers]);
      }
      return held;
    },
    [Symbol.asyncDispose]: async () => {
      await intake[Symbol.asyncDispose]();
      await logs[Symbol.asyncDispose]();
    },
  };
  const put: Logs["observations"]["put"] = async (batch) => {
    const { fail } = life; // as it is when the batch goes
    for (let turn = 0; turn < life.turns; turn++) await nextTurn();
    if (fail) throw new Error("the disk is full");
    life.appends += 1;
    return logs.observations.put(batch);
  };
  const intake = new Intake({
    ...{ observations: { put }, clock, log: silentLogger },
    allowances: new Allowances({ ...AMPLE, ...telemetry }, clock),
    hasRoom: () => life.room,
    dropped: (what) => void life.dropped.push(what),
    rate: { perSecond: 100, burst: 1_024 },
    through: (agent, spool) => asked.through(agent, spool),
  });
  return life;
}

const ascendingAndUnique = (numbers: readonly number[]): number[] =>
  [...new Set(numbers)].sort((a, b) => a - b);
