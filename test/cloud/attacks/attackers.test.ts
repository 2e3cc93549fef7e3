import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { InferOutput } from "valibot";
import { parseListedCidr } from "../../../agent/model/cidr.js";
import type { AttackersPage } from "../../../cloud/api/routes/attacker-shapes.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { mmdbOf } from "../../support/cloud/mmdb.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";
import { detection, hits } from "../telemetry/items.js";

type Page = InferOutput<typeof AttackersPage>;

const HOUR_MS = 3_600_000;

describe("attackers", () => {
  let cloud: TestCloud;
  let acme: string;

  beforeAll(async () => {
    cloud = await startTestCloud();
    using web = await connected("acme", "web1");
    using db = await connected("acme", "db1");
    using other = await connected("globex", "web9");
    const now = Date.now();
    const seen = (ago: number) => ({ time: now - ago, lastSeen: now - ago });
    await web.report(
      detection("203.0.113.1", { ...seen(3 * HOUR_MS), count: 50 }),
      detection("203.0.113.2", { ...seen(2 * HOUR_MS), count: 7 }),
      detection("2001:db8:1:2::7", { ...seen(HOUR_MS), count: 6 }),
      detection("10.0.0.0/8"),
    );
    await db.report(detection("203.0.113.1", { sensor: "dovecot" }));
    await db.report(detection("2001:db8:1:2::8", { ...seen(HOUR_MS) }));
    await other.report(detection("203.0.113.1"), hits("198.51.100.9"));
    await other.report(detection("192.0.2.5", { ...seen(HOUR_MS) }));
    await cloud.ban("203.0.113.0/30");
    await cloud.ban("203.0.113.1", { observe: true, for: "7d" });
    await cloud.ban("192.0.2.5", { feed: "org/acme" });
    const joining = { name: "a", role: "viewer", org: "acme" } as const;
    acme = (await letIn(cloud, joining)).token;
    await eventually(async () => {
      const { items } = await page("?q=banned:yes");
      return items.length === 2 ? true : undefined;
    });
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const connected = async (org: string, host: string) =>
    TestAgent.connect(cloud, await cloud.enrol(org, host));

  const page = async (query: string, token = cloud.operator): Promise<Page> => {
    const path = `/attackers${query}`;
    const answer = await askAsOperator<Page>(cloud, token, ["GET", path]);
    expect([query, answer.status]).toEqual([query, 200]);
    return answer.body;
  };
  const names = async (query: string, token?: string) =>
    (await page(query, token)).items.map(({ name }) => name);

  it("come newest first, with who saw them, and the ban that counts", async () => {
    const { items, next, total, countries, isWhole } = await page("");
    expect([next, total, countries, isWhole]).toEqual([
      ...[null, 5, { source: null, trouble: null }, true],
    ]);
    expect(items.map(({ name }) => name).slice(2)).toEqual([
      ...["2001:db8:1:2::/64", "192.0.2.5", "203.0.113.2"],
    ]);
    const one = items.find(({ name }) => name === "203.0.113.1");
    expect(one).toMatchObject({
      ...{ attackers: 1, orgs: ["acme", "globex"], orgCount: 2, hosts: 3 },
      ...{ failures: 60, packets: 0, country: null },
      banned: { range: "203.0.113.0/30", feed: "urgent", observed: false },
    });
    expect(one?.sensors.toSorted()).toEqual(["dovecot", "sshd"]);
    const hosts = one?.seenBy.map(({ hostname }) => hostname).toSorted();
    expect(hosts).toEqual(["db1", "web1", "web9"]);
    const two = items.find(({ name }) => name === "2001:db8:1:2::/64");
    expect(two).toMatchObject({ failures: 11, hosts: 2, banned: null });
    const hit = items.find(({ name }) => name === "198.51.100.9");
    expect(hit).toMatchObject({ packets: 10, observed: 0, sensors: [] });
  });

  it("are sorted by what is most", async () => {
    expect((await names("?sort=failures")).slice(0, 3)).toEqual([
      ...["203.0.113.1", "2001:db8:1:2::/64", "203.0.113.2"],
    ]);
    expect((await names("?sort=packets"))[0]).toBe("198.51.100.9");
  });

  it.each([
    ["address:203.0.113.0/24 sensor:dovecot", ["203.0.113.1"]],
    ["address:2001:db8::/32", ["2001:db8:1:2::/64"]],
    ["address:2001:db8:1:2::7", ["2001:db8:1:2::/64"]],
    ["orgs:>1", ["203.0.113.1"]],
    ["hosts:2", ["2001:db8:1:2::/64"]],
    ["org:globex not org:acme packets:0", ["192.0.2.5"]],
    ["failures:>6 failures:<10", ["203.0.113.2"]],
    ["last:>90m", ["203.0.113.2"]],
    ["banned:yes failures:<10", ["203.0.113.2"]],
    ["banned:no packets:>0", ["198.51.100.9"]],
    ["country:NL", []],
  ])("are found by %s", async (q, found) => {
    expect(await names(`?q=${encodeURIComponent(q)}`)).toEqual(found);
  });

  it("are those seen since a time", async () => {
    const since = new Date(Date.now() - 90 * 60_000).toISOString();
    const seen = await names(`?since=${since}`);
    expect(seen).toHaveLength(4);
    expect(seen).not.toContain("203.0.113.2");
    expect(await names(`?since=${since}&sort=failures`)).toHaveLength(4);
  });

  it("come page by page, none twice", async () => {
    for (const more of ["", "&sort=failures", "&q=failures:<1000", "&by=net"]) {
      const all: (string | null)[] = [];
      for (let next: string | null = ""; next !== null;) {
        const cursor: string = next === "" ? "" : `&cursor=${next}`;
        const found: Page = await page(`?limit=2${more}${cursor}`);
        all.push(...found.items.map(({ name }) => name));
        next = found.next;
      }
      expect([more, new Set(all).size, all.length]).toEqual([
        ...(more === "&by=net" ? [more, 4, 4] : [more, 5, 5]),
      ]);
    }
  });

  it("are added up by network, org and country", async () => {
    const { items } = await page("?by=net&sort=attackers");
    expect(items[0]).toMatchObject({
      ...{ name: "203.0.113.0/24", attackers: 2, failures: 67, hosts: null },
    });
    expect(await names("?by=country")).toEqual([null]);
    const orgs = await page("?by=org&sort=failures");
    expect(orgs.items).toMatchObject([
      { name: "acme", attackers: 3, failures: 73 },
      { name: "globex", attackers: 3, failures: 10, packets: 10 },
    ]);
    const q = encodeURIComponent("address:203.0.113.0/24");
    expect((await page(`?by=org&q=${q}`)).items).toHaveLength(2);
  });

  it("are, for an org's people, what their own hosts saw", async () => {
    const { items } = await page("?sort=failures", acme);
    expect(items).toMatchObject([
      { name: "203.0.113.1", failures: 55, orgs: ["acme"], hosts: 2 },
      { name: "2001:db8:1:2::/64" },
      { name: "203.0.113.2" },
    ]);
    expect(JSON.stringify(items)).not.toContain("globex");
    expect(items[0]).toMatchObject({ orgCount: 1 });
    expect(await names("?by=org", acme)).toEqual(["acme"]);
    expect(await names("?q=org:globex", acme)).toEqual([]);
    expect(await names("?org=globex&sort=failures")).toHaveLength(3);
    const foreign = ["GET", "/attackers?org=globex"] as const;
    const { status } = await askAsOperator(cloud, acme, foreign);
    expect(status).toBe(404);
  });

  it("say what is wrong with what was asked", async () => {
    for (const [query, field] of [
      ["q=foo:bar", "q"],
      ["by=planet", "by"],
      ["sort=size", "sort"],
      ["since=yesterday", "since"],
      ["limit=501", "limit"],
      ["cursor=abc", "cursor"],
    ]) {
      const asked = ["GET", `/attackers?${query}`] as const;
      const { status, body } = await askAsOperator(cloud, acme, asked);
      expect([status, body]).toMatchObject([400, { errors: [{ field }] }]);
    }
  });
});

describe("attackers, where a file says countries", () => {
  it("are told by country, and asked for by it", async () => {
    using folder = temporaryFolder();
    const countries = join(folder.path, "countries.mmdb");
    const nl = { country: { iso_code: "NL" } };
    writeFileSync(countries, mmdbOf([[parseListedCidr("192.0.2.0/24"), nl]]));
    await using cloud = await startTestCloud({ countries });
    using agent = await TestAgent.connect(cloud, await cloud.enrol("acme"));
    const [here, there] = ["192.0.2.1", "203.0.113.1"] as const;
    await agent.report(detection(here), detection(there));
    const page = async (query: string) =>
      (await cloud.request<Page>("GET", `/api/v1/attackers${query}`)).body;
    const all = await page("?sort=failures");
    expect(all).toMatchObject({
      countries: { source: { file: "countries.mmdb" }, trouble: null },
    });
    const known = all.items.map(({ name, country }) => [name, country]);
    expect(new Map(known as [string, unknown][])).toEqual(
      new Map<string, unknown>([
        [here, "NL"],
        [there, null],
      ]),
    );
    expect((await page("?q=country:nl")).items).toMatchObject([{ name: here }]);
    expect((await page("?by=country&sort=attackers")).items).toMatchObject([
      { name: null, attackers: 1 },
      { name: "NL", attackers: 1, country: "NL" },
    ]);
  });
});
