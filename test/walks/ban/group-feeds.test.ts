import { describe, expect, it } from "@jest/globals";
import { ban, policy } from "../../support/agent/agent-fixtures.js";
import { PolicyHost, policyOf } from "../../support/agent/policies.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";

const WEB = "org/acme/web";
const bare = { ...policy, allow: [] };
const following = (version: number, ...feeds: readonly string[]) =>
  policyOf([], { version, ...(feeds.length > 0 && { feeds }) });
const positions = (it: PolicyHost) =>
  it.host.ledger.positions().map(({ feed }) => feed);

describe("a feed of a group of hosts", () => {
  it("counts on a host only while its customer's policy has it follow that", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    const feed = new FakeFeed(WEB);
    const first = feed.append([ban("203.0.113.7")]);
    expect(await it.host.carryOut(first)).toMatchObject({ kind: "refused" });
    await it.take(following(1, WEB));
    expect(await it.host.carryOut(first)).toMatchObject({ kind: "enforced" });
    expect(it.drops("203.0.113.7")).toBe(true);
    await it.take(following(2, "org/acme/db"));
    expect(it.drops("203.0.113.7")).toBe(false);
    expect(positions(it)).toEqual([]);
    const later = feed.append([ban("203.0.113.8")]);
    expect(await it.host.carryOut(later)).toMatchObject({ kind: "refused" });
  });

  it("takes no ban of another feed along when it is left", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    await it.take(following(1, WEB));
    const both = ["203.0.113.7", "203.0.113.8"];
    await it.host.carryOut(new FakeFeed(WEB).append(both.map((at) => ban(at))));
    await it.host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    await it.decide("203.0.113.9", "operator");
    await it.take(following(2));
    const at = [...both, "203.0.113.9"];
    expect(at.map((each) => it.drops(each))).toEqual([true, false, true]);
  });

  it("is none of a policy that names another org's, or a usual feed", async () => {
    await using it = await PolicyHost.open({ policy: bare });
    for (const wrong of ["org/globex/web", "org/acme", "urgent", "local"]) {
      await it.take(following(1, wrong));
      expect(it.host.core.policies.current).toBeUndefined();
      expect(it.host.core.followed()).toHaveLength(3);
    }
  });
});
