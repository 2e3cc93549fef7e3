import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import {
  bans,
  connectedIn,
  enforces,
  hostIn,
} from "../../support/agent/enrolled-host.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { until } from "../../support/time/clock.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";

const fileOf = (org: string, groups: string) =>
  `version: 1\norg: ${org}\ngroups: [${groups}]\n`;
const WEB = "{ name: web servers, tags: [web], feed: web }";

describe("bans for a group of an org's hosts", () => {
  let opened: Lifetime;
  let cloud: TestCloud;
  let acme: string;

  beforeEach(async () => {
    opened = new Lifetime();
    cloud = opened.own(await startTestCloud());
    acme = await cloud.addOrg("Acme");
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  const ask = <T = object>(
    method: string,
    path: string,
    body?: unknown,
    token = cloud.operator,
  ) => askAtDoor<T>(cloud, token, [method, path, body]);
  const publish = async (groups: string) => {
    const file = fileOf(acme, groups);
    const { status } = await ask("POST", `/orgs/${acme}/policy`, { file });
    expect(status).toBe(201);
  };
  const tag = (host: Agent, ...tags: readonly string[]) =>
    ask("PUT", `/agents/${host.identity?.agent}/tags`, { tags });
  const feed = () => `org/${acme}/web`;
  const banned = (range: string, more: object = {}) =>
    ask<{ decision: string }>("POST", "/bans", {
      ...{ range, feed: feed(), reason: "a test", ...more },
    });

  it("reach the hosts that are in it, and leave with those that are not any more", async () => {
    const { agent: web } = await hostIn(acme, cloud, opened);
    const { agent: other } = await hostIn(acme, cloud, opened);
    const elsewhere = await cloud.addOrg("Other");
    const { agent: stranger } = await hostIn(elsewhere, cloud, opened);
    await publish(WEB);
    await tag(web, "web");
    expect((await banned(RANGE)).status).toBe(201);
    await enforces(web, RANGE);
    for (const host of [other, stranger]) {
      expect(await bans(host, RANGE)).toBe(false);
      expect(feedsAt(host)).not.toContain(feed());
    }
    await tag(web);
    await until("it is let go", async () => !(await bans(web, RANGE)));
    expect(feedsAt(web)).not.toContain(feed());
    await tag(other, "web");
    await enforces(other, RANGE);
    await tag(web, "web");
    await enforces(web, RANGE);
    await ask("POST", "/lifts", { range: RANGE, feed: feed(), reason: "over" });
    await until("it is lifted", async () => !(await bans(web, RANGE)));
  });

  it("are owed by the hosts that are in it alone", async () => {
    const { agent: web } = await hostIn(acme, cloud, opened);
    const { agent: other } = await hostIn(acme, cloud, opened);
    await publish(WEB);
    await tag(web, "web");
    await until("it follows", () => web.policies.feeds().length > 0);
    await banned(RANGE);
    await enforces(web, RANGE);
    const path = `/coverage?feed=${encodeURIComponent(feed())}`;
    type Listed = { items: { must: number; holding: number }[] };
    const held = async () => (await ask<Listed>("GET", path)).body.items;
    await until("it is covered", async () => (await held())[0]?.holding === 1);
    expect(await held()).toMatchObject([{ must: 1, holding: 1 }]);
    await tag(other, "web"); // the ban waited for nobody who was to come
    await enforces(other, RANGE);
    expect(await held()).toMatchObject([{ must: 1, holding: 1 }]);
  });

  it("stay over a restart, and what was ordered meanwhile is caught up with", async () => {
    const { agent: web, path } = await hostIn(acme, cloud, opened);
    await publish(WEB);
    await tag(web, "web");
    await banned(RANGE);
    await enforces(web, RANGE);
    await web[Symbol.asyncDispose]();
    await banned("203.0.113.8");
    const again = await connectedIn(path, opened);
    expect(feedsAt(again)).toContain(feed());
    await enforces(again, "203.0.113.8");
    expect(await bans(again, RANGE)).toBe(true);
  });

  it("end where the policy has the group no more, which takes two persons to publish", async () => {
    const { agent: web } = await hostIn(acme, cloud, opened);
    await publish(WEB);
    await tag(web, "web");
    await banned(RANGE);
    await enforces(web, RANGE);
    const dryRun = { file: fileOf(acme, ""), dryRun: true };
    const { body } = await ask("POST", `/orgs/${acme}/policy`, dryRun);
    expect(body).toMatchObject({
      widens: [`has hosts of group web servers leave ${feed()}`],
    });
    await publish("");
    await until("it is let go", async () => !(await bans(web, RANGE)));
  });

  it("are ordered by the org's own people, and nobody else's", async () => {
    const other = await cloud.addOrg("Other");
    await publish(WEB);
    const own = await letIn(cloud, { name: "ann", role: "analyst", org: acme });
    const foreign = await letIn(cloud, {
      ...{ name: "bo", role: "analyst", org: other },
    });
    const order = { range: RANGE, feed: feed(), reason: "a test" };
    const by = (token: string) => ask("POST", "/bans", order, token);
    expect((await by(own.token)).status).toBe(201);
    expect((await by(foreign.token)).status).toBe(404);
    type Listed = { items: { feed: string; by: string }[] };
    const seen = async (token: string, path: string) =>
      (await ask<Listed>("GET", path, undefined, token)).body.items;
    expect(await seen(own.token, "/decisions")).toMatchObject([
      { feed: feed(), by: "ann" },
    ]);
    expect(await seen(own.token, "/bans")).toHaveLength(1);
    expect(await seen(foreign.token, "/decisions")).toEqual([]);
    expect(await seen(foreign.token, "/bans")).toEqual([]);
    const shown = await ask(
      "GET",
      `/orgs/${acme}/policy`,
      undefined,
      own.token,
    );
    expect(shown.body).toMatchObject({
      feeds: [{ feed: feed(), group: "web servers", hosts: 0 }],
    });
  });
});

const feedsAt = ({ ledger }: Agent): readonly string[] =>
  ledger.positions().map(({ feed }) => feed);
