import { describe, expect, it } from "@jest/globals";
import { makeEvents } from "../../../agent/events/events.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { ImpactAnswer } from "../../../agent/protocol/messages.js";
import { wire1 } from "../../../agent/protocol/wire.js";
import type { OpenFlow, SawFlow } from "../../../agent/sessions/open-flows.js";
import {
  ImpactWatch,
  type ImpactPorts,
} from "../../../agent/walks/telemetry/impact.js";
import { ManualClock, until } from "../../support/time/clock.js";

const ID = "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34";
const DAY_MS = 86_400_000;

describe("a question of what a ban would cut", () => {
  it("is answered with sums, and with no address", async () => {
    const host = hostWith(
      flow({ ends: [[203, 0, 113, 7]], called: false }),
      flow({ ends: [[203, 0, 113, 7]], called: false }),
      flow({ ends: [[203, 0, 113, 9]], called: true }),
      flow({ ends: [[198, 51, 100, 1]], called: true }),
    );
    const answer = await host.asked("203.0.113.0/24", "203.0.113.7");
    expect(answer).toEqual({
      ...{ type: "impact-answer", id: ID, whole: true },
      ...{ live: 3, liveBegun: 1, recent: 2, recentBegun: 1 },
      since: host.clock.now(),
    });
    expect(wire1.write(answer)).not.toMatch(/203|198\.51/);
    expect(Object.keys(answer)).toHaveLength(8);
  });

  it("counts a forwarded flow once, by the end that would be banned", async () => {
    const host = hostWith({
      ends: [
        { address: Uint8Array.of(203, 0, 113, 7), called: true },
        { address: Uint8Array.of(10, 8, 0, 2), called: false },
      ],
      ...{ protocol: 6, begunHere: true },
    });
    const both = await host.asked("203.0.113.7", "10.8.0.2");
    expect(both).toMatchObject({ live: 1, liveBegun: 1, recent: 2 });
    const inner = await host.asked("10.8.0.2");
    expect(inner).toMatchObject({ live: 1, liveBegun: 0, recent: 1 });
  });

  it("still knows for a day whom it saw, and not longer", async () => {
    const host = hostWith(flow({ ends: [[203, 0, 113, 7]], called: true }));
    const began = host.clock.now();
    await host.asked("203.0.113.7");
    host.flows.length = 0;
    await host.clock.advance(DAY_MS - 1);
    expect(await host.asked("203.0.113.7")).toMatchObject({
      ...{ live: 0, recent: 1, recentBegun: 1, since: began },
    });
    await host.clock.advance(2);
    expect(await host.asked("203.0.113.7")).toMatchObject({
      ...{ live: 0, recent: 0, recentBegun: 0, since: began + 1 },
    });
  });

  it("is refused where the customer has switched answers off", async () => {
    const host = hostWith();
    const watch = host.watch({ enabled: false });
    expect(await host.asks(watch, "203.0.113.7")).toEqual({
      ...{ type: "impact-refusal", id: ID, why: "switched-off" },
    });
  });

  it("is refused where this host cannot look, or fails to", async () => {
    const host = hostWith();
    const blind = host.watch({ flows: undefined });
    expect(await host.asks(blind, "::1")).toMatchObject({ why: "unable" });
    const look = () => Promise.reject(new Error("the kernel is busy"));
    const flows = { look };
    const failing = host.watch({ flows });
    expect(await host.asks(failing, "::1")).toMatchObject({ why: "unable" });
  });

  it.each([true, false])(
    "is answered by nothing after twelve within a minute (switched on: %s)",
    async (enabled) => {
      const host = hostWith();
      const watch = host.watch({ enabled });
      const said: ImpactAnswer[] = [];
      const told = async (times: number) => {
        said.splice(0);
        for (let i = 0; i < times; i++) {
          const ranges = ["203.0.113.7"];
          const question = { type: "impact-question", id: ID, ranges } as const;
          watch.ask(question, (answer) => void said.push(answer));
        }
        await new Promise((resolve) => setImmediate(resolve));
        return said.length;
      };
      expect(await told(20)).toBe(12);
      await host.clock.advance(59_999);
      expect(await told(1)).toBe(0);
      await host.clock.advance(1);
      expect(await told(20)).toBe(12);
    },
  );
});

const flow = (of: {
  readonly ends: readonly (readonly number[])[];
  readonly called: boolean;
}): OpenFlow => ({
  ends: of.ends.map((bytes) => ({
    address: Uint8Array.from(bytes),
    called: of.called,
  })),
  ...{ protocol: 6, begunHere: of.called },
});

/** A host whose kernel says that these flows are open. */
function hostWith(...flows: OpenFlow[]) {
  const clock = new ManualClock();
  const look = (saw: SawFlow) => {
    flows.forEach(saw);
    return Promise.resolve(true);
  };
  const watch = (other: Partial<ImpactPorts>) =>
    new ImpactWatch({
      flows: { look },
      ...{ enabled: true, clock, events: makeEvents(silentLogger) },
      ...other,
    });
  const usual = watch({});
  const asks = async (whom: ImpactWatch, ...ranges: string[]) => {
    const said: ImpactAnswer[] = [];
    const question = { type: "impact-question", id: ID, ranges } as const;
    whom.ask(question, (answer) => void said.push(answer));
    await until("an answer", () => said.length > 0);
    return said[0]!;
  };
  const asked = (...ranges: string[]) => asks(usual, ...ranges);
  return { clock, flows, watch, asks, asked };
}
