import { describe, expect, it, test } from "@jest/globals";
import { CannotEnforce } from "../../agent/enforce/enforcer.js";
import { holdingRule } from "../../agent/guard/guard.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Hit } from "../../agent/model/hit.js";
import { systemBanClock, unixSeconds } from "../../agent/runtime/clock.js";
import { whyText } from "../../service/cli/commands/why.js";
import {
  whyOf,
  type AskedKernel,
  type WhyPorts,
  type WhyView,
} from "../../service/control/why-view.js";
import {
  ban,
  facts,
  lift,
  policy,
  TestHost,
} from "../support/agent/agent-fixtures.js";
import { listOf } from "../support/agent/hits.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";

const portsOf = (
  { ledger, enforcer }: TestHost,
  more: Partial<WhyPorts> = {},
): WhyPorts => ({
  ...{ ledger, enforcer, clock: systemBanClock },
  contacts: () => [],
  guardedBy: (cidr) => holdingRule(cidr, facts, policy),
  ...more,
});

const why = (
  host: TestHost,
  range: string,
  more: Partial<WhyPorts> = {},
): Promise<WhyView> => whyOf(parseCidr(range), portsOf(host, more));

const said =
  (...drops: readonly boolean[]) =>
  () =>
    Promise.resolve(drops);

/** What the kernel says, where the host only pretends to have one. */
const kernel = (
  host: TestHost,
  said: Partial<AskedKernel>,
): Partial<WhyPorts> => ({
  enforcer: {
    read: () => host.enforcer.read(),
    wouldDrop: (addresses) => host.enforcer.wouldDrop(addresses),
    hits: () => host.enforcer.hits(),
    ...said,
  },
});

describe("tourniquet why", () => {
  it("names every ban that covers an address, the narrowest first", async () => {
    await using host = await TestHost.open();
    const before = unixSeconds(Date.now());
    const reputation = new FakeFeed("reputation");
    await host.carryOut(
      new FakeFeed().append([ban("203.0.113.0/26"), ban("203.0.113.7")]),
    );
    await host.carryOut(reputation.append([ban("203.0.113.7", 60)]));
    const drops = said(true, true);
    const answer = await why(
      host,
      "203.0.113.7",
      kernel(host, { wouldDrop: drops }),
    );
    expect(answer).toMatchObject({
      ...{ range: "203.0.113.7", dropped: "yes", unknown: null },
      ...{ protectedBy: null, mode: "enforce", within: [], hits: [] },
      bans: [
        { range: "203.0.113.7", feed: "reputation", state: "enforced" },
        { range: "203.0.113.7", feed: "urgent", reason: "scanning" },
        { range: "203.0.113.0/26", feed: "urgent", rule: null },
      ],
    });
    for (const { since, expires } of answer.bans) {
      expect(Date.parse(since ?? "")).toBeGreaterThanOrEqual(before * 1000);
      expect(Date.parse(expires ?? "")).toBeGreaterThan(before * 1000);
    }
    expect(whyText(answer)).toMatch(
      /^203\.0\.113\.7 is dropped: the kernel says so\n\nrange +feed +state +since +until +reason\n203\.0\.113\.7 +reputation +enforced +\d{4}-/,
    );
  });

  it("keeps since when a feed bans a range, whatever it changes of the ban", async () => {
    await using host = await TestHost.open();
    const feed = new FakeFeed();
    await host.carryOut(feed.append([ban("203.0.113.7", 60)]));
    const [first] = (await why(host, "203.0.113.7")).bans;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await host.carryOut(feed.append([ban("203.0.113.7", 600)]));
    const [second] = (await why(host, "203.0.113.7")).bans;
    expect(second?.since).toBe(first?.since);
    expect(second?.expires).not.toBe(first?.expires);
    await host.carryOut(
      feed.append([lift("203.0.113.7"), ban("203.0.113.7", 600)]),
    );
    const [third] = (await why(host, "203.0.113.7")).bans;
    expect(third?.since).not.toBe(first?.since);
  });

  it("says that nothing covers an address", async () => {
    await using host = await TestHost.open();
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    const answer = await why(host, "203.0.113.8");
    expect(answer).toMatchObject({ dropped: "no", bans: [], within: [] });
    expect(whyText(answer)).toBe(
      "203.0.113.8 is not dropped: no ban covers it",
    );
  });

  it("names the guard's rule that holds a ban", async () => {
    await using host = await TestHost.open();
    await host.carryOut(new FakeFeed().append([ban("192.0.2.10")]));
    const answer = await why(host, "192.0.2.10");
    expect(answer).toMatchObject({
      ...{ dropped: "no", protectedBy: "this-host" },
      bans: [{ state: "held", rule: "this-host" }],
    });
    expect(whyText(answer)).toMatch(
      /^192\.0\.2\.10 is not dropped: the guard holds its ban; the guard's rule this-host protects it\n/,
    );
  });

  it("lists what is banned within a range", async () => {
    await using host = await TestHost.open();
    const inside = Array.from({ length: 120 }, (_, i) => ban(`11.0.1.${i}`));
    await host.carryOut(
      new FakeFeed().append([
        ...inside,
        ...["11.0.0.0/24", "11.1.0.0", "b00:1::/64"].map((each) => ban(each)),
      ]),
    );
    const drops = said(true, true);
    const answer = await why(
      host,
      "11.0.0.0/16",
      kernel(host, { wouldDrop: drops }),
    );
    expect(answer).toMatchObject({ bans: [], moreWithin: true });
    expect(answer.within).toHaveLength(100);
    expect(answer.within[0]).toMatchObject({ range: "11.0.0.0/24" });
    expect(answer.dropped).toBe("partly");
    expect(whyText(answer)).toMatch(/^11\.0\.0\.0\/16 is dropped in part\n/);
    expect(await why(host, "11.0.1.0/25")).toMatchObject({ moreWithin: true });
    expect(await why(host, "b00::/16")).toMatchObject({
      ...{ moreWithin: false, within: [{ range: "b00:1::/64" }] },
    });
  });

  it("tells the hits of the address, or of all in the range", async () => {
    await using host = await TestHost.open();
    const hit = (remote: string, packets: number): Hit => ({
      remote: parseCidr(remote),
      ...{ direction: "in", forwarded: false, observed: false },
      ...{ protocol: 6, way: 2, packets, bytes: packets },
    });
    const counted = [
      ...[hit("203.0.113.7", 2), hit("203.0.113.8", 5)],
      hit("2001:db8:9::/64", 7),
    ];
    const hits = () => Promise.resolve(listOf(counted));
    const one = await why(host, "203.0.113.7", kernel(host, { hits }));
    expect(one.hits).toMatchObject([{ remote: "203.0.113.7", packets: 2 }]);
    const all = await why(host, "203.0.113.0/26", kernel(host, { hits }));
    expect(all.hits).toMatchObject([{ packets: 5 }, { packets: 2 }]);
    const within = await why(host, "2001:db8:9::1", kernel(host, { hits }));
    expect(within.hits).toMatchObject([{ remote: "2001:db8:9::/64" }]);
  });

  it("says when the kernel does not do what the ledger says", async () => {
    await using host = await TestHost.open();
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    const drops = said(false, false);
    const answer = await why(
      host,
      "203.0.113.7",
      kernel(host, { wouldDrop: drops }),
    );
    expect(whyText(answer)).toMatch(/but the kernel does not hold it/);
  });

  it("says when the kernel cannot be asked, and tells the rest", async () => {
    await using host = await TestHost.open();
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    const drops = () => Promise.reject(new CannotEnforce("no rights"));
    const answer = await why(
      host,
      "203.0.113.7",
      kernel(host, { wouldDrop: drops }),
    );
    expect(answer).toMatchObject({
      ...{ dropped: "unknown", mode: null },
      unknown: "this host cannot enforce bans: no rights",
      bans: [{ range: "203.0.113.7" }],
    });
    expect(whyText(answer)).toMatch(/could not be asked \(this host cannot/);
  });

  test.each([
    ["observe", [{ state: "enforced" }], "this host only observes"],
    ["enforce", [{ state: "observed" }], "its ban is only observed"],
    ["enforce", [{ state: "held" }], "the guard holds its ban"],
  ] as const)("in mode %s, with %j: %s", (mode, bans, text) => {
    const given: WhyView = {
      ...{ range: "203.0.113.7", dropped: "no", unknown: null },
      ...{ protectedBy: null, mode, within: [], moreWithin: false, hits: [] },
      bans: bans.map((each) => ({
        ...{ range: "203.0.113.7", feed: "urgent", reason: "" },
        ...{ since: null, expires: null, rule: null, begins: null },
        ...each,
      })),
    };
    expect(whyText(given)).toContain(text);
    expect(whyText(given)).toMatch(/ unknown +for good/);
  });
});
