import { describe, expect, it } from "@jest/globals";
import * as v from "valibot";
import { Hello } from "../../../agent/protocol/documents.js";
import { limits } from "../../../agent/protocol/limits.js";
import { wire1 } from "../../../agent/protocol/wire.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { HELLO_BYTES } from "../../../cloud/door/budgets.js";
import { keys } from "../../support/vectors.js";

describe("the largest hello that there is", () => {
  it("fits what a stranger may say", () => {
    const hello = {
      agent: "a".repeat(64),
      nonce: "n".repeat(43),
      cloud: "\u{2022}".repeat(128),
      time: 253_402_300_799_999,
      version: "\u{2022}".repeat(32),
      boot: crypto.randomUUID(),
      positions: Array.from({ length: limits.feeds }, () => ({
        feed: `org/${"o".repeat(32)}`,
        epoch: "e".repeat(32),
        offset: Number.MAX_SAFE_INTEGER,
        hash: "f".repeat(64),
      })),
    };
    expect(v.is(Hello, hello)).toBe(true);
    const signed = signAsDevice("hello", hello, keys.device);
    const text = wire1.write({ type: "hello", ...signed });
    expect(Buffer.byteLength(text)).toBeLessThan(HELLO_BYTES / 2);
  });
});
