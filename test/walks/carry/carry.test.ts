import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { startIn } from "../../support/agent/enrolled-host.js";
import {
  bundleOf,
  connectedHost,
  handIn,
  lonelyHost,
  opened,
} from "../../support/cloud/carried.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { renewed } from "../../support/cloud/rotation.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

describe("a host that no network reaches", () => {
  it("is brought to where its cloud stands, and says so in receipts", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    await cloud.ban("203.0.113.2", { feed: `org/${org}` });

    const applied = await handIn(agent, await bundleOf(cloud));
    expect(applied.feeds).toMatchObject([
      { feed: "urgent", standing: "moves", before: undefined },
      { feed: "reputation", standing: "level" },
      { feed: `org/${org}`, standing: "moves" },
    ]);
    expect(applied.feeds.map(({ after }) => after?.offset)).toEqual([
      ...[1, undefined, 1],
    ]);
    expect(applied.feeds.map(({ counts }) => counts.banned)).toEqual([1, 0, 1]);
    expect(await holds(agent, "203.0.113.1", "203.0.113.2")).toEqual([
      ...[true, true],
    ]);
    const { receipts } = agent.carried.receipts();
    expect(receipts).toHaveLength(2);
    const taken = await cloud.request("POST", "/api/v1/carried-receipts", {
      ...agent.carried.receipts(),
    });
    expect(taken).toMatchObject({
      status: 200,
      body: { receipts: [{ fate: "kept" }, { fate: "kept" }] },
    });
    expect(existsSync(join(folder.path, "carry", "bundle"))).toBe(false);
  });

  it("goes on from where it stands with the next bundle, by segments", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    await handIn(agent, await bundleOf(cloud));
    const carried = agent.carried.receipts();
    await cloud.request("POST", "/api/v1/carried-receipts", carried);
    await cloud.ban("203.0.113.2");
    await cloud.lift("203.0.113.1");

    const known = { agent: carried.agent };
    const next = await eventually(async () => {
      const bundle = await bundleOf(cloud, known);
      const kinds = opened(bundle).parts.map(({ kind }) => kind);
      return kinds.includes("snapshot") ? undefined : bundle;
    });
    expect(opened(next).parts.map(({ kind }) => kind)).toEqual([
      ...["root", "segment", "segment", "head", "head", "head"],
    ]);
    const { feeds } = await handIn(agent, next);
    expect(feeds[0]).toMatchObject({
      before: { offset: 1 },
      after: { offset: 3 },
      counts: { banned: 1, lifted: 1 },
    });
    expect(await holds(agent, "203.0.113.1", "203.0.113.2")).toEqual([
      ...[false, true],
    ]);
  });

  it("finds nothing new in the same bundle, and its heads are heard anew", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    const bundle = await bundleOf(cloud);
    await handIn(agent, bundle);
    const { feeds, goodUntil } = await handIn(agent, bundle);
    expect(feeds.map(({ standing }) => standing)).toEqual([
      ...["level", "level", "level"],
    ]);
    expect(goodUntil).toBeUndefined();
    expect(agent.trust.heads.sights()[0]?.head).toMatchObject({ offset: 1 });
  });

  it("looks at all of it, and takes nothing, where it is only to look", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    const { feeds } = await handIn(agent, await bundleOf(cloud), true);
    expect(feeds[0]).toMatchObject({ standing: "moves", after: { offset: 1 } });
    expect(agent.ledger.positions()).toEqual([]);
    expect(agent.carried.mark).toBeUndefined();
  });

  it("takes roots that it has missed before what they signed", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org);
    await renewed(cloud);
    await renewed(cloud);
    await cloud.ban("203.0.113.1");
    const { root } = await handIn(agent, await bundleOf(cloud));
    expect(root).toEqual({ before: 1, after: 3 });
    expect(await holds(agent, "203.0.113.1")).toEqual([true]);
    // A host that is past those roots passes them over.
    await cloud.ban("203.0.113.2");
    const again = await handIn(agent, await bundleOf(cloud));
    expect(again.root).toEqual({ before: 3, after: 3 });
  });

  it("remembers over a restart which bundle was the last", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await cloud.ban("203.0.113.1");
    let madeAt = 0;
    {
      await using agent = await lonelyHost(cloud, folder, org);
      ({ madeAt } = await handIn(agent, await bundleOf(cloud)));
    }
    await using again = await startIn(folder.path);
    expect(again.carried.mark).toMatchObject({ madeAt });
    expect(again.carried.receipts().receipts).toHaveLength(1);
  });

  it("keeps a large change that it lives on with: its cloud's word was carried", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using agent = await lonelyHost(cloud, folder, org, {
      guard: { trial: { entries: 10, lasts: "20s" } },
    });
    const ranges = Array.from({ length: 20 }, (_, i) => `203.0.113.${i + 1}`);
    await cloud.request("POST", "/api/v1/bans", { ranges });
    const { feeds } = await handIn(agent, await bundleOf(cloud));
    expect(feeds[0]?.trial?.bans).toBe(20);
    await until("the trial is over", () => agent.trials().length === 0, 15_000);
    expect(await holds(agent, "203.0.113.1")).toEqual([true]);
  });

  it("takes from a bundle what its link does not bring, and from both only once", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await cloud.ban("203.0.113.1");
    const bundle = await bundleOf(cloud, { org });
    await cloud.ban("203.0.113.2");
    await using agent = await connectedHost(cloud, folder, org);
    await until(
      "it is level",
      () => agent.ledger.position("urgent")?.offset === 2,
    );
    const older = handIn(agent, bundle);
    await expect(older).rejects.toThrow("older than what this host has");
    const { feeds } = await handIn(agent, await bundleOf(cloud));
    expect(feeds.map(({ standing }) => standing)).toEqual([
      ...["level", "level", "level"],
    ]);
    expect(agent.link.state.at).toBe("up");
  });
});

async function holds(
  agent: Agent,
  ...ranges: readonly string[]
): Promise<readonly boolean[]> {
  return agent.enforcer.hasBan(ranges.map(parseCidr));
}
