import { describe, expect, it, jest } from "@jest/globals";
import { positionAfter } from "../../support/agent/test-agent.js";
import { eventually, type TestCloud } from "../../support/cloud/cloud.js";
import {
  failed,
  rangesBanned,
  released,
  state,
  statingHosts,
} from "../../support/cloud/harm.js";
import { DEFAULTS } from "./past-stage.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";

interface Told {
  readonly undone: readonly { readonly by: string; readonly reason: string }[];
}

describe("harm that hosts state", () => {
  it("undoes a ban that operators of three orgs released, by itself", async () => {
    await using site = await statingHosts(["acme", "globex", "initech"]);
    const { cloud, hosts, log } = site;
    const { decision } = await cloud.ban(RANGE);
    await state(hosts[0]!, released(RANGE));
    await state(hosts[1]!, released(RANGE));
    await site.answered();
    expect(await undoneOf(cloud, decision)).toEqual([]);
    await state(hosts[2]!, released(RANGE));
    await eventually(async () => (await undoneOf(cloud, decision))[0]);
    expect(await undoneOf(cloud, decision)).toMatchObject([
      { by: "rule:harm", reason: "hosts of 3 orgs were hurt by it" },
    ]);
    expect(await rangesBanned(cloud)).toEqual([]);
    expect(JSON.stringify(log.lines)).toContain(
      "ALARM: a decision hurt hosts, and is undone",
    );
  });

  it("undoes what failed its trial at hosts of three orgs, where that led to", async () => {
    await using site = await statingHosts(["acme", "globex", "initech"]);
    const { cloud, hosts } = site;
    await cloud.ban("203.0.113.1");
    const { decision } = await cloud.ban("198.51.100.0/24");
    await cloud.ban("203.0.113.2");
    for (const host of hosts) {
      await host.agent.nextSegment();
      const position = positionAfter(await host.agent.nextSegment());
      await state(host, failed(position));
    }
    await eventually(async () => (await undoneOf(cloud, decision))[0]);
    expect(await rangesBanned(cloud)).toEqual(["203.0.113.1", "203.0.113.2"]);
  });

  it("lifts nothing for others where one org's hosts state it, however many", async () => {
    await using site = await statingHosts(["acme", "acme", "acme", "globex"]);
    const { cloud, hosts } = site;
    const { decision } = await cloud.ban(RANGE);
    for (const host of hosts) await state(host, released(RANGE));
    await site.answered();
    expect(await undoneOf(cloud, decision)).toEqual([]);
    expect(await rangesBanned(cloud)).toEqual([RANGE]);
  });

  it("lifts nothing for others where orgs of no standing state it", async () => {
    const orgs = ["acme", "globex", "initech"];
    await using site = await statingHosts(orgs, { correlation: DEFAULTS });
    const { cloud, hosts } = site;
    const { decision } = await cloud.ban(RANGE);
    for (const host of hosts) await state(host, released(RANGE));
    await site.answered();
    expect(await undoneOf(cloud, decision)).toEqual([]);
    expect(await rangesBanned(cloud)).toEqual([RANGE]);
  });

  it("does not undo a list of which operators release one address each", async () => {
    await using site = await statingHosts(["acme", "globex", "initech"]);
    const { cloud, hosts } = site;
    const list = Array.from({ length: 20 }, (_, n) => `45.9.0.${n}\n`).join("");
    const path = "/api/v1/imports?feed=urgent";
    await cloud.request("POST", path, list);
    for (const host of hosts) await state(host, released("45.9.0.3"));
    await site.answered();
    expect(await rangesBanned(cloud)).toHaveLength(20);
  });

  it("does not undo again what somebody bans after it", async () => {
    await using site = await statingHosts(["acme", "globex", "initech"]);
    const { cloud, hosts } = site;
    const first = await cloud.ban(RANGE);
    for (const host of hosts) await state(host, released(RANGE));
    await eventually(async () => (await undoneOf(cloud, first.decision))[0]);
    const again = await cloud.ban(RANGE);
    await state(hosts[0]!, released(RANGE));
    await site.answered();
    expect(await undoneOf(cloud, again.decision)).toEqual([]);
    expect(await rangesBanned(cloud)).toEqual([RANGE]);
  });
});

const undoneOf = async (cloud: TestCloud, decision: string) =>
  (await cloud.request<Told>("GET", `/api/v1/decisions/${decision}`)).body
    .undone;
