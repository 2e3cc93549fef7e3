import { describe, expect, it } from "@jest/globals";
import { guardDigest } from "../../agent/guard/digest.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { facts, policy } from "../support/agent-fixtures.js";

describe("the guard's digest", () => {
  const digest = guardDigest(facts, policy);

  it("is another one for another policy, or other addresses of this host", () => {
    const others = [
      guardDigest(facts, { ...policy, floor: { 4: 16, 6: 29 } }),
      guardDigest(facts, { ...policy, allow: [] }),
      guardDigest({ ...facts, own: [parseCidr("192.0.2.99")] }, policy),
      guardDigest({ ...facts, gateways: [] }, policy),
      guardDigest({ ...facts, resolvers: [] }, policy),
      guardDigest({ ...facts, dhcpServers: [] }, policy),
      guardDigest({ ...facts, sessions: [] }, policy),
      guardDigest(facts, { ...policy, private: "protect" }),
      guardDigest(facts, {
        ...policy,
        tiers: { ...policy.tiers, cdnEdges: true },
      }),
    ];
    expect(new Set([digest, ...others]).size).toBe(10);
  });

  it("is the same for the same in another order, and another cloud's address", () => {
    const own = [...facts.own].reverse();
    expect(guardDigest({ ...facts, own, cloud: [] }, policy)).toBe(digest);
  });
});
