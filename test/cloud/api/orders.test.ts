import { describe, expect, it } from "@jest/globals";
import type { Role } from "../../../cloud/operators/roles.js";
import {
  startTestCloud,
  type Answer,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

type Page = {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly total: number;
  readonly next: string | null;
};

interface Asker {
  readonly request: <T>(
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<Answer<T>>;
}

/** The API, as the cloud's first operator asks it. */
const vendorOf = ({ request }: TestCloud): Asker => ({
  request: (method, path, body) => request(method, BASE + path, body),
});

const BASE = "/api/v1";

const LIMITS = { perMinute: 10, widestV4: 32, widestV6: 128, longestS: 86_400 };

/** A cloud with a ban in each feed, and a host of each org. */
async function openWorld() {
  const cloud = await startTestCloud();
  await cloud.enrol("acme", "acme.example");
  await cloud.enrol("globex", "globex.example");
  const decided = async (feed: string, range: string) =>
    (await cloud.ban(range, { feed })).decision;
  const as = async (role: Role, more: object = {}): Promise<Asker> => {
    const limits = role === "actuator" ? { limits: LIMITS } : {};
    const joining = { name: `acme${role}`, role, org: "acme", ...limits };
    const { token } = await letIn(cloud, { ...joining, ...more });
    return {
      request: (method, path, body) =>
        askAsOperator(cloud, token, [method, path, body]),
    };
  };
  const acme = await as("admin");
  const own = await acme.request<{ decision: string; feed: string }>(
    ...(["POST", "/bans", { range: "198.51.100.3" }] as const),
  );
  return Object.assign(cloud, {
    ...{ as, acme },
    own: own.body,
    urgent: await decided("urgent", "198.51.100.1"),
    globex: await decided("org/globex", "198.51.100.2"),
  });
}

const listed = async ({ request }: Asker, path: string): Promise<Page> =>
  (await request<Page>("GET", path)).body;

describe("an org's people", () => {
  it("see everybody's bans and their own, and no other org's", async () => {
    await using world = await openWorld();
    const viewer = await world.as("viewer");
    const { items, total } = await listed(viewer, "/bans");
    const seen = items.map(({ feed, range }) => [feed, range]);
    expect([...seen].sort()).toEqual([
      ["org/acme", "198.51.100.3"],
      ["urgent", "198.51.100.1"],
    ]);
    expect(total).toBe(2);
    const all = await listed(vendorOf(world), "/bans");
    expect(all.total).toBe(3);
  });

  it("know the vendor's decisions without names, and hosts of their own", async () => {
    await using world = await openWorld();
    const viewer = await world.as("viewer");
    const { items, total } = await listed(viewer, "/decisions");
    expect(items.map(({ by, feed }) => [by, feed])).toEqual([
      [null, "urgent"],
      ["acmeadmin", "org/acme"],
    ]);
    expect(total).toBe(2);
    const all = await listed(vendorOf(world), "/decisions?feed=urgent");
    const by = `/decisions?by=${String(all.items[0]?.["by"])}`;
    expect((await listed(vendorOf(world), by)).total).toBe(2);
    expect(await listed(viewer, by)).toMatchObject({ items: [], total: 0 });
    const one = await viewer.request<{ hosts: { hostname: string }[] }>(
      ...(["GET", `/decisions/${world.urgent}`] as const),
    );
    expect(one.body.hosts.map(({ hostname }) => hostname)).toEqual([
      "acme.example",
    ]);
  });

  it("are told of what is another's as of what is not there", async () => {
    await using world = await openWorld();
    const { acme } = world;
    const asked = (name: string, decision: string) => [
      acme.request("GET", `/bans?feed=org/${name}`),
      acme.request("GET", `/decisions?feed=org/${name}`),
      acme.request("GET", `/decisions/${decision}`),
      acme.request("POST", "/bans", order(`org/${name}`)),
      acme.request("POST", "/lifts", order(`org/${name}`)),
      acme.request("POST", "/impact", order(`org/${name}`)),
      acme.request("POST", `/imports?feed=org/${name}`, "192.0.2.1"),
    ];
    const foreign = await Promise.all(asked("globex", world.globex));
    const nobodys = await Promise.all(asked("nobody", "dec-nobody"));
    const plain = (answers: readonly Answer<unknown>[]) =>
      JSON.stringify(answers)
        .replaceAll(world.globex, "dec-nobody")
        .replaceAll("globex", "nobody");
    expect(foreign.map(({ status }) => status)).toEqual(foreign.map(() => 404));
    expect(plain(foreign)).toBe(plain(nobodys));
  });

  it("order in their own feed alone, which is the usual one for them", async () => {
    await using world = await openWorld();
    expect(world.own).toMatchObject({ feed: "org/acme" });
    const urgent = await world.acme.request(
      ...(["POST", "/bans", order("urgent")] as const),
    );
    expect(urgent.status).toBe(404);
    const ranges = ["198.51.100.0/24"];
    const everywhere = { ranges, allFeeds: true, within: true, dryRun: true };
    const lift = await world.acme.request<{ effects: { lifted: object }[] }>(
      ...(["POST", "/lifts", everywhere] as const),
    );
    expect(lift.body.effects[0]?.lifted).toEqual({ "org/acme": 1 });
    const still = await world.acme.request<{ effects: unknown[] }>(
      ...(["POST", "/lifts", { range: "198.51.100.2" }] as const),
    );
    expect(still.body.effects).toMatchObject([{ stillBy: [] }]);
  });
});

describe("of the roles", () => {
  it("a viewer orders nothing, an actuator bans and lifts, and no more", async () => {
    await using world = await openWorld();
    const statusesOf = async (role: "viewer" | "actuator" | "analyst") => {
      const { request } = await world.as(role);
      const body = { ranges: ["192.0.2.7"] };
      const answers = [
        await request("POST", "/bans", body),
        await request("POST", "/lifts", body),
        await request("POST", "/impact", body),
        await request("POST", "/imports", "192.0.2.9"),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await statusesOf("viewer")).toEqual([403, 403, 403, 403]);
    expect(await statusesOf("actuator")).toEqual([201, 201, 403, 403]);
    expect(await statusesOf("analyst")).toEqual([201, 201, 200, 201]);
  });

  it("a partner reads the bans of one feed, and nothing else", async () => {
    await using world = await openWorld();
    const more = { org: null, collection: "org/globex" };
    const partner = await world.as("partner", more);
    const { items, total } = await listed(partner, "/bans");
    expect(items).toMatchObject([{ range: "198.51.100.2" }]);
    expect(total).toBe(1);
    const urgent = await partner.request("GET", "/bans?feed=urgent");
    expect(urgent.status).toBe(404);
    const ban = await partner.request("POST", "/bans", order("org/globex"));
    expect(ban.status).toBe(403);
    const decisions = await partner.request("GET", "/decisions");
    expect(decisions.status).toBe(403);
  });
});

describe("a list of decisions", () => {
  it("goes on page by page, newest first, of one feed or of all", async () => {
    await using cloud = await startTestCloud();
    for (let i = 0; i < 5; i++) await cloud.ban(`198.51.100.${i}`);
    await cloud.ban("192.0.2.1", { feed: "reputation" });
    const seen: unknown[] = [];
    let next: string | null = "";
    while (next !== null) {
      const from: string = next === "" ? "" : `&cursor=${next}`;
      const page: Page = await listed(
        vendorOf(cloud),
        `/decisions?limit=2&feed=urgent${from}`,
      );
      expect(page.total).toBe(5);
      seen.push(...page.items.flatMap(({ targets }) => targets));
      next = page.next;
    }
    expect(seen).toEqual([4, 3, 2, 1, 0].map((n) => `198.51.100.${n}`));
    const odd = await cloud.request("GET", `${BASE}/decisions?cursor=here`);
    expect(odd).toMatchObject({ status: 400, body: { code: "invalid" } });
  });
});

const order = (feed: string) => ({ ranges: ["192.0.2.1"], feed });
