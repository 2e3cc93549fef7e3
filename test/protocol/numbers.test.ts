import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FOREVER } from "../../agent/model/ban.js";
import { ByteReader } from "../../agent/protocol/byte-reader.js";
import { ByteWriter } from "../../agent/protocol/byte-writer.js";
import { readExpiry, writeExpiry } from "../../agent/protocol/expiry.js";
import { hex, unhex } from "../support/vectors.js";

const reader = (bytes: string) => new ByteReader(unhex(bytes), "test");

describe("a varint", () => {
  it.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"],
    [16_383, "ff7f"],
    [16_384, "808001"],
    [2 ** 32, "8080808010"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
  ])("of %d is %s", (value, bytes) => {
    expect(hex(new ByteWriter().varint(value).bytes())).toBe(bytes);
    expect(reader(bytes).varint()).toBe(value);
  });

  it("brings back every safe integer", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = new ByteWriter(1).varint(value).bytes();
        const back = new ByteReader(bytes, "test");
        expect(back.varint()).toBe(value);
        expect(back.left).toBe(0);
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["a number without end", "80"],
    ["a padded zero", "8000"],
    ["a padded number", "818000"],
    ["2^53", "8080808080808010"],
    ["nine bytes", "818080808080808001"],
  ])("is malformed when it is %s", (_, bytes) => {
    expect(() => reader(bytes).varint()).toThrow("malformed test");
  });
});

describe("an expiry", () => {
  const written = (expiresAt: number) => {
    const writer = new ByteWriter();
    writeExpiry(writer, expiresAt, 1_000);
    return hex(writer.bytes());
  };

  it.each([
    ["without end is 0", FOREVER, "00"],
    ["beyond the end of dates is 0", FOREVER + 1, "00"],
    ["at the container's date is 1", 1_000, "01"],
    ["before the container's date is 1", 999, "01"],
    ["a minute after it is 61", 1_060, "3d"],
    ["within a second counts from its start", 1_060.9, "3d"],
  ])("%s", (_, expiresAt, bytes) => {
    expect(written(expiresAt)).toBe(bytes);
  });

  it("is never later than the end of dates", () => {
    const largest = reader("ffffffffffffff0f");
    expect(readExpiry(largest, 1_000)).toBe(FOREVER);
  });
});
