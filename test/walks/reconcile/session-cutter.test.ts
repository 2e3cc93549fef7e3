import { describe, expect, it } from "@jest/globals";
import { makeEvents } from "../../../agent/events/events.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import { NotCut, type Cut } from "../../../agent/sessions/sessions.js";
import type { Suspect } from "../../../agent/sessions/cidr-set.js";
import { SessionCutter } from "../../../agent/walks/reconcile/session-cutter.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import { lasting, observed } from "../../support/agent/entries.js";
import { ManualClock, until } from "../../support/time/clock.js";

const can = { can: true } as const;

/** Sessions of which each run lasts until it is told how it ends. */
class HeldSessions {
  readonly ability = { tcp: can, udp: can, flows: can };
  closed = false;
  readonly runs: { suspect: Suspect; end: (with_: Cut | Error) => void }[] = [];

  cut(suspect: Suspect): Promise<Cut> {
    return new Promise((resolve, reject) => {
      const end = (how: Cut | Error) => {
        if (how instanceof Error) reject(how);
        else resolve(how);
      };
      this.runs.push({ suspect, end });
    });
  }

  [Symbol.dispose](): void {
    this.closed = true;
  }

  /** What each run was told to look for. */
  get asked(): (string | string[])[] {
    return this.runs.map(({ suspect }) =>
      suspect === "all" ? "all" : suspect.map(formatCidr),
    );
  }
}

function stage() {
  const sessions = new HeldSessions();
  const log = new RecordingLogger();
  const clock = new ManualClock(1_000);
  const isDropped = () => Promise.resolve([]);
  const events = makeEvents(log);
  const cutter = new SessionCutter({
    ...{ sessions, isDropped, clock, events },
    begunHere: () => 0,
  });
  const ban = (...ranges: string[]) => cutter.cut(lasting(60, ...ranges));
  /** The run of that number, however long the rests before it. */
  const run = async (number: number) => {
    await until("a run", async () => {
      const begun = sessions.runs.length >= number;
      if (!begun) await clock.advance(clock.due[0] ?? 0);
      return begun;
    });
    return sessions.runs[number - 1]!;
  };
  return { sessions, log, clock, cutter, ban, run };
}

const NOTHING: Cut = { sockets: 0, flows: 0 };

describe("cutting sessions", () => {
  it("takes up in one run what was banned during the one before", async () => {
    const { sessions, log, cutter, ban, run } = stage();
    ban("192.0.2.1");
    const first = await run(1);
    ban("192.0.2.2");
    ban();
    ban("2001:db8::/32");
    first.end({ sockets: 2, flows: 3 });
    (await run(2)).end(NOTHING);
    await cutter[Symbol.asyncDispose]();
    expect(sessions.asked).toEqual([
      ["192.0.2.1"],
      ["192.0.2.2", "2001:db8::/32"],
    ]);
    expect(cutter.status).toEqual({
      ability: sessions.ability,
      total: { sockets: 2, flows: 3 },
      lastFailure: undefined,
    });
    expect(log.lines).toEqual(["info: cut open sessions of banned addresses"]);
  });

  it("leaves sessions alone that are merely observed", async () => {
    const { sessions, cutter, run } = stage();
    cutter.cut([...observed(60, "192.0.2.1"), ...lasting(60, "192.0.2.2")]);
    (await run(1)).end(NOTHING);
    cutter.cut(observed(60, "192.0.2.3"));
    await cutter[Symbol.asyncDispose]();
    expect(sessions.asked).toEqual([["192.0.2.2"]]);
    expect(sessions.closed).toBe(true);
  });

  it("looks at everything where too many ranges are pending", async () => {
    const { sessions, cutter, run } = stage();
    const [entry] = lasting(60, "192.0.2.1");
    const ranges = Array.from({ length: 4_097 }, () => entry!);
    cutter.cut(ranges);
    const first = await run(1);
    cutter.cut(ranges);
    cutter.cut(ranges);
    cutter.cut(ranges);
    first.end(NOTHING);
    (await run(2)).end(NOTHING);
    await cutter[Symbol.asyncDispose]();
    expect(sessions.asked[0]?.length).toBe(4_097);
    expect(sessions.asked[1]).toBe("all");
  });

  it("tells of a failure, and tries again with the next ban", async () => {
    const { sessions, log, cutter, ban, run } = stage();
    ban("192.0.2.1");
    const why = new NotCut({ sockets: 1, flows: 0 }, [new Error("no memory")]);
    (await run(1)).end(why);
    await until("the failure is known", () => !!cutter.status.lastFailure);
    expect(cutter.status).toMatchObject({
      total: { sockets: 1, flows: 0 },
      lastFailure: {
        at: 1_000,
        why: "open sessions could not be cut: no memory",
      },
    });
    expect(log.lines).toContain(
      "warn: open sessions of banned addresses stay; they are dropped",
    );
    ban("192.0.2.2");
    (await run(2)).end(NOTHING);
    await cutter[Symbol.asyncDispose]();
    expect(sessions.asked[1]).toEqual(["192.0.2.2", "192.0.2.1"]);
  });

  it("rests four times as long as a run took, and ten seconds at most", async () => {
    const { clock, cutter, ban, run } = stage();
    ban("192.0.2.1");
    const first = await run(1);
    ban("192.0.2.2");
    await clock.advance(50);
    first.end(NOTHING);
    await until("a rest", () => clock.due.length === 1);
    expect(clock.due).toEqual([200]);
    const second = await run(2);
    await clock.advance(60_000);
    second.end(NOTHING);
    await until("a rest", () => clock.due.length === 1);
    expect(clock.due).toEqual([10_000]);
    await cutter[Symbol.asyncDispose]();
    expect(clock.due).toEqual([]);
  });

  it("goes on after a failure with what was banned meanwhile", async () => {
    const { sessions, cutter, ban, run } = stage();
    ban("192.0.2.1");
    const first = await run(1);
    ban("192.0.2.2");
    first.end(new Error("busy"));
    (await run(2)).end(NOTHING);
    await cutter[Symbol.asyncDispose]();
    expect(sessions.asked[1]).toEqual(["192.0.2.2", "192.0.2.1"]);
  });

  it("ends after the run under way, and begins no other", async () => {
    const { sessions, cutter, ban, run } = stage();
    ban("192.0.2.1");
    const { end } = await run(1);
    ban("192.0.2.2");
    let ended = false;
    const ending = cutter[Symbol.asyncDispose]().then(() => (ended = true));
    await Promise.resolve();
    expect(ended).toBe(false);
    end(NOTHING);
    await ending;
    cutter.cut("all");
    expect(sessions.runs.length).toBe(1);
  });
});
