import { describe, expect, it } from "@jest/globals";
import { encodeFrame } from "../../../cloud/gateway/frame.js";
import { TokenBucket } from "../../../cloud/rate/token-bucket.js";

describe("a frame", () => {
  it.each([
    // RFC 6455 §5.7: an unmasked text "Hello", and binary of 256 and 65,536 bytes
    ["text", Buffer.from("Hello"), "810548656c6c6f"],
    ["binary", Buffer.alloc(256), "827e0100"],
    ["binary", Buffer.alloc(65_536), "827f0000000000010000"],
  ] as const)("of %s begins as the RFC has it", (kind, payload, expected) => {
    const frame = encodeFrame(kind, payload);
    expect(frame.toString("hex").startsWith(expected)).toBe(true);
    const head = frame.length - payload.length;
    expect(frame.subarray(head).equals(payload)).toBe(true);
  });
});

describe("a token bucket", () => {
  it("lets a burst through, and then a steady few", () => {
    let now = 0;
    const rate = { perSecond: 10, burst: 3 };
    const bucket = new TokenBucket(rate, { monotonic: () => now });
    const take = (times: number) =>
      Array.from({ length: times }, () => bucket.take());
    expect(take(4)).toEqual([true, true, true, false]);
    now += 100;
    expect(take(2)).toEqual([true, false]);
    now += 60_000;
    expect(take(4)).toEqual([true, true, true, false]);
  });
});
