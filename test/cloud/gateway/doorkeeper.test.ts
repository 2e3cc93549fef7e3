import { describe, expect, it } from "@jest/globals";
import { Doorkeeper, networkOf } from "../../../cloud/gateway/doorkeeper.js";

describe("the doorkeeper", () => {
  it("keeps one network from taking everybody's places", () => {
    const doorkeeper = new Doorkeeper({ monotonic: () => 0 });
    const greedy = Array.from({ length: 1_000 }, (_, i) =>
      doorkeeper.admit(`2001:db8::${i}`),
    );
    expect(greedy.filter(Boolean)).toHaveLength(200);
    expect(doorkeeper.admit("203.0.113.7")).toBe(true);
  });

  it("lets no crowd of networks in beyond the rate of all", () => {
    const doorkeeper = new Doorkeeper({ monotonic: () => 0 });
    const crowd = Array.from({ length: 20_000 }, (_, i) =>
      doorkeeper.admit(`10.0.${i >> 8}.${i & 255}`),
    );
    expect(crowd.filter(Boolean)).toHaveLength(400);
  });

  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ])("counts %s as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
