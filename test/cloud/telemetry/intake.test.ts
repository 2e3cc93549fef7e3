import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { systemClock, type Clock } from "../../../agent/clock.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import type { Taken } from "../../../cloud/gateway/ports.js";
import type { Event } from "../../../cloud/journal/events.js";
import { SqliteJournal } from "../../../cloud/journal/sqlite-journal.js";
import { View } from "../../../cloud/journal/view.js";
import { registryTables } from "../../../cloud/registry/tables.js";
import { contactTables } from "../../../cloud/telemetry/contact-tables.js";
import { detectionTables } from "../../../cloud/telemetry/detection-tables.js";
import { Intake } from "../../../cloud/telemetry/intake.js";
import { sightingTables } from "../../../cloud/telemetry/sighting-tables.js";
import { spoolTables } from "../../../cloud/telemetry/spool-tables.js";
import { Telemetry } from "../../../cloud/telemetry/telemetry.js";
import { temporaryFolder } from "../../support/cloud.js";
import { detection } from "./items.js";

describe("the intake", () => {
  it("takes each item once, whatever is repeated, lost or restarted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), async (steps) => {
        using folder = temporaryFolder();
        const acked = new Map<string, number>();
        let life = open(folder.path);
        for (const step of steps) {
          if (step.kind === "restart") {
            life[Symbol.dispose]();
            life = open(folder.path);
            continue;
          }
          const { agent, spool, first, count, repeat } = step;
          life.fail = step.fail;
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
        const held = life.held();
        for (const numbers of held.values()) {
          expect(numbers).toEqual(ascendingAndUnique(numbers));
        }
        for (const [key, last] of acked) {
          expect(held.get(key)?.at(-1)).toBeGreaterThanOrEqual(last);
        }
        life[Symbol.dispose]();
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it("puts what many agents say into one append", async () => {
    using folder = temporaryFolder();
    using life = open(folder.path);
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
    using life = open(folder.path);
    life.fail = true;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("not-kept");
    life.fail = false;
    expect(await life.take("a", SPOOLS[0], numbered(1, 3))).toBe("durable");
    expect(life.held().get(`a/${SPOOLS[0]}`)).toEqual([1, 2, 3]);
  });

  it("lets an agent's rate through, and no other agent pay for it", async () => {
    using folder = temporaryFolder();
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    using life = open(folder.path, clock);
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
    using life = open(folder.path, clock);
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
    expect(life.held().get(`a/${SPOOLS[0]}`)).toHaveLength(18 * 64);
  });

  it("takes no numbers that cannot be counted on", async () => {
    using folder = temporaryFolder();
    using life = open(folder.path);
    const items = numbered(Number.MAX_SAFE_INTEGER, 2);
    expect(await life.take("a", SPOOLS[0], items)).toBe("impossible");
  });

  it("remembers an agent's newest spools, and no more", async () => {
    using folder = temporaryFolder();
    using life = open(folder.path);
    for (let i = 0; i < 20; i++) {
      await life.take("a", `spool-${i}`, numbered(1, 1));
    }
    expect(life.telemetry.through("a", "spool-3")).toBe(0);
    expect(life.telemetry.through("a", "spool-4")).toBe(1);
  });
});

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

/** A journal, its read model and an intake: one life of a cloud. */
function open(folder: string, clock: Clock = systemClock) {
  const journal = SqliteJournal.open(join(folder, "journal.db"), clock);
  const projections = [
    ...[registryTables, spoolTables, detectionTables, sightingTables],
    contactTables,
  ];
  const view = View.open(join(folder, "view.db"), journal, projections);
  const telemetry = new Telemetry(view.database);
  const life = {
    ...{ fail: false, appends: 0, telemetry },
    take: (
      agent: string,
      spool: string,
      numbers: { first: number; items: TelemetryItem[] },
    ) =>
      intake.take(
        { agent, org: "example" },
        { type: "telemetry", spool, ...numbers },
      ),
    /** The numbers that each spool has in the journal, as they came. */
    held: () => {
      const held = new Map<string, number[]>();
      for (const { event } of journal.read(1, 100_000)) {
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
    [Symbol.dispose]: () => {
      intake[Symbol.dispose]();
      view[Symbol.dispose]();
      journal[Symbol.dispose]();
    },
  };
  const append = (events: readonly Event[]) => {
    if (life.fail) throw new Error("the disk is full");
    life.appends += 1;
    return journal.append(events);
  };
  const intake = new Intake({
    ...{ journal: { append }, clock, log: silentLogger },
    rate: { perSecond: 100, burst: 1_024 },
    through: (agent, spool) => telemetry.through(agent, spool),
  });
  return life;
}

const ascendingAndUnique = (numbers: readonly number[]): number[] =>
  [...new Set(numbers)].sort((a, b) => a - b);
