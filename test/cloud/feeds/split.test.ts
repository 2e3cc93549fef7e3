import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import type { Op } from "../../../agent/model/ban.js";
import { cidrOf } from "../../../agent/model/cidr.js";
import { limits } from "../../../agent/protocol/limits.js";
import { sealSegment } from "../../../agent/protocol/segment.js";
import { splitOps } from "../../../cloud/feeds/split.js";

describe("ops are split so that each batch fits a segment", () => {
  it("by their number", () => {
    const most = limits.segmentOps;
    const batches = [...splitOps(bans(2 * most + 1, () => "same"))];
    expect(batches.map((batch) => batch.length)).toEqual([most, most, 1]);
  });

  it("by their bytes, when every reason is long and its own", () => {
    const reason = () => randomBytes(128).toString("hex");
    const batches = [...splitOps(bans(limits.segmentOps * 2, reason))];
    expect(batches.length).toBeGreaterThan(1);
    for (const ops of batches) {
      const { bytes } = sealSegment(
        {
          ...{ feed: "urgent", epoch: "e", first: 1, issuedAt: 0, notAfter: 1 },
          ...{ previous: new Uint8Array(32), ops },
        },
        () => [{ key: "00".repeat(8), signature: new Uint8Array(64) }],
      );
      expect(bytes.length).toBeLessThanOrEqual(limits.segmentBytes);
    }
  });
});

function* bans(count: number, reason: () => string): Generator<Op> {
  for (let i = 0; i < count; i++) {
    const address = Uint8Array.from([10, i >> 16, (i >> 8) & 255, i & 255]);
    const cidr = cidrOf(address, 32);
    const terms = { expiresAt: 9_999_999_999, observed: false };
    yield { op: "ban", cidr, ...terms, reason: reason() };
  }
}
