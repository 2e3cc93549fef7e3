import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { limits } from "../../agent/protocol/limits.js";
import {
  decodeAgentMessage,
  decodeCloudMessage,
  encodeMessage,
} from "../../agent/protocol/messages.js";
import { agentMessages, cloudMessages } from "./arbitraries.js";

const RUNS = { numRuns: 2_000 };

describe("a message", () => {
  it("from the cloud arrives as it was sent", () => {
    fc.assert(
      fc.property(cloudMessages, (message) => {
        expect(decodeCloudMessage(encodeMessage(message))).toEqual(message);
      }),
      RUNS,
    );
  });

  it("from the agent arrives as it was sent", () => {
    fc.assert(
      fc.property(agentMessages, (message) => {
        expect(decodeAgentMessage(encodeMessage(message))).toEqual(message);
      }),
      RUNS,
    );
  });

  it("is refused in the other direction", () => {
    fc.assert(
      fc.property(cloudMessages, agentMessages, (fromCloud, fromAgent) => {
        expect(() => decodeAgentMessage(encodeMessage(fromCloud))).toThrow();
        expect(() => decodeCloudMessage(encodeMessage(fromAgent))).toThrow();
      }),
    );
  });

  it("is refused with any field more", () => {
    fc.assert(
      fc.property(cloudMessages, fc.string(), (message, name) => {
        fc.pre(!(name in message));
        const text = JSON.stringify({ ...message, [name]: 1 });
        expect(() => decodeCloudMessage(text)).toThrow("malformed");
      }),
    );
  });

  it("is measured in bytes, not in characters", () => {
    const padding = "ü".repeat(limits.textBytes / 2);
    const text = JSON.stringify({ type: "drain", windowMs: 1, padding });
    expect(text.length).toBeLessThan(limits.textBytes);
    expect(() => decodeCloudMessage(text)).toThrow("more than 65536 bytes");
  });
});

describe("a message's numbers", () => {
  it("know one zero", () => {
    const text = '{"type":"drain","windowMs":-0}';
    expect(decodeCloudMessage(text)).toStrictEqual({
      type: "drain",
      windowMs: 0,
    });
  });
});

describe("what is wrong with a message", () => {
  it("is said once of a list that is too long, and not of all that is in it", () => {
    const plans = Array<object>(20_000).fill({});
    const text = JSON.stringify({ type: "plan", plans });
    expect(() => decodeCloudMessage(text)).toThrow(
      "malformed message from the cloud: plans: Invalid length: Expected <=8 but received 20000",
    );
  });

  it("is said briefly of a field with a long name", () => {
    const text = JSON.stringify({ type: "drain", ["x".repeat(60_000)]: 1 });
    expect(() => decodeCloudMessage(text)).toThrow(/^.{1,1000}$/);
  });

  it("is said with the path to it", () => {
    const text = '{"type":"plan","plans":[{"mode":"tail","feed":"urgent"}]}';
    expect(() => decodeCloudMessage(text)).toThrow("plans.0.epoch: ");
  });

  it("is said on one line, whatever the message holds", () => {
    const text = JSON.stringify({ type: "challenge", cloud: "a\n\u001b[2J" });
    expect(() => decodeCloudMessage(text)).toThrow(/^[^\p{Cc}]*$/u);
  });

  it("never repeats a session", () => {
    const session = `${"S3CRET".repeat(7)}+`;
    const text = JSON.stringify({ type: "welcome", session });
    expect(() => decodeCloudMessage(text)).toThrow(/^(?!.*S3CRET)/);
  });
});
