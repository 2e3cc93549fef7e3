import { describe, expect, it } from "@jest/globals";
import { rings } from "../../agent/model/rings.js";
import { ringOf } from "../../agent/trust/ring.js";

describe("a host's ring", () => {
  it("is the same for good", () => {
    for (const agent of ["agt_1", "agt_2", ""]) {
      expect(ringOf(agent)).toBe(ringOf(agent));
    }
  });

  it("holds its share of all hosts: 1, 9, 40 and 50 %", () => {
    const hosts = 100_000;
    const drawn = Array.from({ length: hosts }, (_, n) => ringOf(`agt_${n}`));
    const shares = rings.map(
      (ring) => (100 * drawn.filter((each) => each === ring).length) / hosts,
    );
    [1, 9, 40, 50].forEach((percent, n) => {
      expect(Math.abs(shares[n]! - percent)).toBeLessThan(0.5);
    });
  });
});
