import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hmacSha256, sha256 } from "../../agent/protocol/sha256.js";

const piece = fc.uint8Array({ maxLength: 300 });

describe("hashes of small pieces", () => {
  it("are those of the pieces one behind the other", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        const hash = createHash("sha256");
        for (const each of pieces) hash.update(each);
        expect(sha256(...pieces)).toEqual(hash.digest());
      }),
    );
  });

  it("are keyed as HMAC has it, by keys of up to a block", () => {
    const key = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(key, piece, (key, data) => {
        const expected = createHmac("sha256", key).update(data).digest();
        expect(hmacSha256(key)(data)).toEqual(expected);
      }),
    );
    expect(() => hmacSha256(new Uint8Array(65))).toThrow(
      "a key of 65 bytes, more than a block",
    );
  });
});
