import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { limits } from "../../agent/protocol/limits.js";
import { wire1, wire2, type Wire } from "../../agent/protocol/wire.js";
import { agentMessages, cloudMessages } from "./arbitraries.js";

const RUNS = { numRuns: 2_000 };

describe("a message", () => {
  it("from the cloud arrives as it was sent", () => {
    fc.assert(
      fc.property(cloudMessages, (message) => {
        expect(wire1.fromCloud(wire1.write(message))).toEqual(message);
      }),
      RUNS,
    );
  });

  it("from the agent arrives as it was sent", () => {
    fc.assert(
      fc.property(agentMessages, (message) => {
        const sent = JSON.stringify(message);
        expect(wire1.fromAgent(sent)).toEqual(message);
        expect(wire1.fromAgent(wire1.write(message))).toEqual(
          JSON.parse(sent, (key, value: unknown) =>
            key === "sensors" ? undefined : value,
          ),
        );
      }),
      RUNS,
    );
  });

  it("has no readings of sensors, which clouds of 0.1.0 do not know", () => {
    const { sensors, ...known } = {
      ...({ kind: "vitals", time: 1, cpu: 0, memoryUsedBytes: 1 } as const),
      ...{ memoryTotalBytes: 2, agentBytes: 1, uptimeSeconds: 1 },
      ...{ bans: 0, observed: 0, held: 0 },
      sensors: [],
    };
    const message = {
      ...({ type: "telemetry", spool: randomUUID(), first: 1 } as const),
    };
    const written = (wire: Wire) =>
      wire.write({ ...message, items: [{ ...known, sensors }] });
    expect(JSON.parse(written(wire1))).toEqual({ ...message, items: [known] });
    expect(written(wire2)).toContain("sensors");
  });

  it("is refused in the other direction", () => {
    fc.assert(
      fc.property(cloudMessages, agentMessages, (fromCloud, fromAgent) => {
        expect(() => wire1.fromAgent(wire1.write(fromCloud))).toThrow();
        expect(() => wire1.fromCloud(wire1.write(fromAgent))).toThrow();
      }),
    );
  });

  it("is refused with any field more", () => {
    fc.assert(
      fc.property(cloudMessages, fc.string(), (message, name) => {
        fc.pre(!(name in message));
        const text = JSON.stringify({ ...message, [name]: 1 });
        expect(() => wire1.fromCloud(text)).toThrow("malformed");
      }),
    );
  });

  it("is measured in bytes, not in characters", () => {
    const padding = "ü".repeat(limits.textBytes / 2);
    const text = JSON.stringify({ type: "drain", windowMs: 1, padding });
    expect(text.length).toBeLessThan(limits.textBytes);
    expect(() => wire1.fromCloud(text)).toThrow("more than 65536 bytes");
  });
});

describe("a message's numbers", () => {
  it("know one zero", () => {
    const text = '{"type":"drain","windowMs":-0}';
    expect(wire1.fromCloud(text)).toStrictEqual({
      type: "drain",
      windowMs: 0,
    });
  });
});

describe("what is wrong with a message", () => {
  it("is said once of a list that is too long, and not of all that is in it", () => {
    const plans = Array<object>(20_000).fill({});
    const text = JSON.stringify({ type: "plan", plans });
    expect(() => wire1.fromCloud(text)).toThrow(
      "malformed message from the cloud: plans: Invalid length: Expected <=8 but received 20000",
    );
  });

  it("is said briefly of a field with a long name", () => {
    const text = JSON.stringify({ type: "drain", ["x".repeat(60_000)]: 1 });
    expect(() => wire1.fromCloud(text)).toThrow(/^.{1,1000}$/);
  });

  it("is said with the path to it", () => {
    const text = '{"type":"plan","plans":[{"mode":"tail","feed":"urgent"}]}';
    expect(() => wire1.fromCloud(text)).toThrow("plans.0.epoch: ");
  });

  it("is said on one line, whatever the message holds", () => {
    const text = JSON.stringify({ type: "challenge", cloud: "a\n\u001b[2J" });
    expect(() => wire1.fromCloud(text)).toThrow(/^[^\p{Cc}]*$/u);
  });

  it("never repeats a session", () => {
    const session = `${"S3CRET".repeat(7)}+`;
    const text = JSON.stringify({ type: "welcome", session });
    expect(() => wire1.fromCloud(text)).toThrow(/^(?!.*S3CRET)/);
  });
});
