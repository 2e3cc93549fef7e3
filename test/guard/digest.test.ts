import { describe, expect, it } from "@jest/globals";
import { guardDigest } from "../../agent/guard/digest.js";
import type { GuardPolicy, HostFacts } from "../../agent/guard/facts.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { facts, policy } from "../support/agent/agent-fixtures.js";

const digestOf = (
  facts: HostFacts,
  policy: GuardPolicy,
  approved = "",
): number => guardDigest(facts, policy, approved);

describe("the guard's digest", () => {
  const digest = digestOf(facts, policy);

  it("is another one for another policy, or other addresses of this host", () => {
    const others = [
      digestOf(facts, { ...policy, floor: { 4: 16, 6: 29 } }),
      digestOf(facts, { ...policy, unapproved: { 4: 16, 6: 32 } }),
      digestOf(facts, policy, "an approval"),
      digestOf(facts, { ...policy, allow: [] }),
      digestOf(facts, {
        ...policy,
        translators: [parseCidr("2001:db8:46:64::/96")],
      }),
      digestOf({ ...facts, own: [parseCidr("192.0.2.99")] }, policy),
      digestOf({ ...facts, gateways: [] }, policy),
      digestOf({ ...facts, resolvers: [] }, policy),
      digestOf({ ...facts, dhcpServers: [] }, policy),
      digestOf({ ...facts, sessions: [] }, policy),
      digestOf(facts, { ...policy, private: "protect" }),
      digestOf(facts, {
        ...policy,
        tiers: { ...policy.tiers, cdnEdges: true },
      }),
    ];
    expect(new Set([digest, ...others]).size).toBe(13);
  });

  it("is the same for the same in another order, and another cloud's address", () => {
    const own = [...facts.own].reverse();
    expect(digestOf({ ...facts, own, cloud: [] }, policy)).toBe(digest);
  });
});
