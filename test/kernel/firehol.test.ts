import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Cidr } from "../../agent/model/cidr.js";
import { realList } from "../../scripts/bench/lists.js";
import { output } from "../../scripts/lab/run.js";
import type { BanView } from "../../service/control/list-views.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { receiptOf } from "../support/agent/world.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { AT, BesiegedHost } from "../support/kernel/besieged-host.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { skipped } from "../support/kernel/skipped.js";
import { until } from "../support/time/clock.js";

/** Ops of a segment. */
const AT_ONCE = 4_096;

const level1 = realList("firehol/firehol_level1.netset");
const name = "firehol_level1, enforced as it comes";
if (level1 === undefined) {
  it.skip(skipped(name, "the list is not at hand"), () => undefined);
} else {
  describeInNamespace(name, () => tests(level1.cidrs));
}

/** As a host is by default, whose administrators come from elsewhere. */
function tests(list: readonly Cidr[]): void {
  const feed = new FakeFeed("reputation");
  let besieged: BesiegedHost;

  beforeAll(async () => {
    const sessions = { ports: [7000], after: "1s" };
    besieged = await BesiegedHost.start([feed.tail()], { guard: { sessions } });
    await besieged.protects(AT.admin);
    for (let at = 0; at < list.length; at += AT_ONCE) {
      const slice = list.slice(at, at + AT_ONCE);
      const ops = slice.map((cidr) => ({ ...ban("192.0.2.1"), cidr }));
      besieged.link.push(feed.append(ops));
    }
    await receiptOf(besieged.link, feed.position.offset);
  });

  afterAll(() => besieged[Symbol.asyncDispose]());

  it("leaves the host everything that it needs", async () => {
    expect(await besieged.unreached()).toEqual([]);
    expect(besieged.sessionLives).toBe(true);
  });

  it("is in force but for what is held, and each of that names its rule", async () => {
    const status = await besieged.host.status();
    const [counts] = status.feeds;
    const held = await heldBans();
    expect(counts).toMatchObject({ held: held.length });
    expect(counts!.bans + counts!.held).toBe(list.length);
    expect(counts!.bans).toBeGreaterThan(4_500);
    const rules = Object.fromEntries(held.map((it) => [it.range, it.held]));
    expect(rules).toMatchObject({
      "0.0.0.0/8": "loopback",
      "10.0.0.0/8": "private-range",
      "127.0.0.0/8": "this-host",
      "169.254.0.0/16": "link-local",
      "172.16.0.0/12": "private-range",
      "192.168.0.0/16": "private-range",
      "224.0.0.0/3": "multicast",
    });
  });

  it("proves harmless, and stays", async () => {
    expect((await besieged.host.status()).trials).not.toEqual([]);
    await until(
      "it has passed",
      async () => {
        besieged.link.heads(feed);
        await new Promise((done) => setTimeout(done, 500));
        return (await besieged.host.status()).trials.length === 0;
      },
      30_000,
    );
    expect(await besieged.unreached()).toEqual([]);
    const held = await heldBans();
    expect(held.map((each) => each.held)).not.toContain("not-confirmed");
  });

  async function heldBans(): Promise<readonly BanView[]> {
    const list = ["bans", "--held", "--limit", "10000", "--json"];
    const text = await output(besieged.host.command(...list));
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as BanView);
  }
}
