import { describe, expect, it } from "@jest/globals";
import { policyDetails } from "../../service/cli/policy-text.js";
import { policyView } from "../../service/control/policy-view.js";
import { DAY_MS, PolicyHost, policyOf } from "../support/agent/policies.js";

describe("what a host says of its customer's policy", () => {
  it("names what is allowed, what is held, and which feeds it follows by it", async () => {
    await using it = await PolicyHost.open();
    const until = Date.now() + DAY_MS;
    const holds = [
      {
        ...{ feed: "urgent", until, why: "2 hosts were hurt by dec-1" },
        ranges: ["203.0.113.7"],
      },
    ];
    const more = { feeds: ["org/acme/web"], groups: ["web"], holds };
    await it.take(policyOf(["198.51.100.0/24"], more));
    const lines = policyDetails(policyView(it.host.core));
    expect(lines[0]).toMatch(
      /^policy: version 1 for web allows 1 range, until .*; holds 1 ban of feeds; follows org\/acme\/web$/,
    );
    expect(lines[2]).toMatch(
      /^ {2}held: 203\.0\.113\.7 of urgent until .*: 2 hosts were hurt by dec-1$/,
    );
  });

  it("goes on to name what is held once the policy has ended", async () => {
    await using it = await PolicyHost.open();
    const [ended, until] = [Date.now() + 50, Date.now() + DAY_MS];
    const hold = { feed: "urgent", until, why: "x", ranges: ["203.0.113.7"] };
    await it.take(policyOf([], { expiresAt: ended, holds: [hold] }));
    while (Date.now() <= ended)
      await new Promise((over) => setTimeout(over, 5));
    const [line] = policyDetails(policyView(it.host.core));
    expect(line).toMatch(/^policy: version 1 ended .*; holds 1 ban of feeds$/);
  });
});
