import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AgentItem } from "../../../cloud/cli/ask-hosts.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  revoke,
} from "../../support/cloud/people.js";
import { detection, health, hits } from "../telemetry/items.js";

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

describe("hosts over the API", () => {
  let cloud: TestCloud;
  let web: Enrolled;
  let db: Enrolled;
  let foreign: Enrolled;
  let online: TestAgent;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    cloud = await startTestCloud();
    web = await cloud.enrol("acme", "web1");
    db = await cloud.enrol("acme", "db1");
    foreign = await cloud.enrol("globex", "web9");
    const revoked = await cloud.enrol("acme", "old1");
    await revoke(cloud, revoked.agent);
    online = await TestAgent.connect(cloud, web);
    using elsewhere = await TestAgent.connect(cloud, foreign);
    await online.report(detection("203.0.113.1"), detection("203.0.113.2"));
    await online.report(detection("203.0.113.3"), health("disk-full"));
    await elsewhere.report(detection("198.51.100.9"), hits("198.51.100.9"));
    await online.report(hits("203.0.113.1", "203.0.113.2"));
    for (const role of ["admin", "viewer", "partner"] as const) {
      const collection = role === "partner" ? { collection: "urgent" } : {};
      const joining = { name: `acme ${role}`, role, org: "acme" };
      const { token } = await letIn(cloud, { ...joining, ...collection });
      tokens.set(role, token);
    }
  });

  afterAll(async () => {
    online[Symbol.dispose]();
    await cloud[Symbol.asyncDispose]();
  });

  const as = <T>(role: string, ...asked: readonly [string, string, unknown?]) =>
    askAsOperator<T>(cloud, tokens.get(role) ?? cloud.operator, asked);
  const hosts = async (query: string, role = "vendor") => {
    const path = `/agents${query}`;
    const { body } = await as<Page<AgentItem>>(role, "GET", path);
    return body.items.map(({ hostname }) => hostname);
  };

  it("are listed by org, state, tag and health", async () => {
    expect(await hosts("")).toEqual(["web1", "db1", "web9", "old1"]);
    expect(await hosts("?org=globex")).toEqual(["web9"]);
    expect(await hosts("?state=online")).toEqual(["web1"]);
    expect(await hosts("?state=revoked")).toEqual(["old1"]);
    expect(await hosts("?org=acme&state=offline")).toEqual(["db1"]);
    expect(await hosts("?unhealthy=true")).toEqual(["web1"]);
    const tag = { tags: ["web", "production", "web"] };
    const path = "/agents/web1/tags";
    expect((await as("vendor", "PUT", path, tag)).body).toEqual({
      ...{ agent: web.agent, tags: ["production", "web"] },
    });
    expect(await hosts("?tag=production")).toEqual(["web1"]);
    await as("vendor", "PUT", path, { tags: [] });
    expect(await hosts("?tag=production")).toEqual([]);
  });

  it("are found by a query, and sorted", async () => {
    const found = (q: string, more = "", role = "vendor") =>
      hosts(`?q=${encodeURIComponent(q)}${more}`, role);
    expect(await found("org:acme not state:revoked")).toEqual(["web1", "db1"]);
    expect(await found("health:disk-full")).toEqual(["web1"]);
    expect(await found("unhealthy:no state:offline")).toEqual(["db1", "web9"]);
    expect(await found("host:web*", "&sort=hostname&desc=true")).toEqual([
      ...["web9", "web1"],
    ]);
    expect(await found("host:web*", "&org=acme")).toEqual(["web1"]);
    expect(await found("mode:unknown enrolled:<1h", "&sort=org")).toHaveLength(
      4,
    );
    expect(await hosts("?sort=lastseen&desc=true")).toHaveLength(4);
    // Another org's hosts are as good as none.
    expect(await found("org:globex", "", "viewer")).toEqual([]);
    expect(await found("web", "", "viewer")).toEqual(["web1"]);
  });

  it("are shown with what they said of themselves, however they are listed", async () => {
    // Who is connected was seen just now, whenever that is.
    const still = (each: AgentItem) => ({ ...each, lastSeen: null });
    const ask = async (path: string) =>
      (await as<Page<AgentItem>>("vendor", "GET", path)).body.items.map(still);
    const plain = await ask("/agents");
    const codes = plain.map(({ report }) =>
      report?.health.map(({ code }) => code),
    );
    expect(codes).toEqual([["disk-full"], undefined, undefined, undefined]);
    expect(await ask("/agents?sort=enrolled")).toEqual(plain);
    expect(await ask("/agents?unhealthy=true")).toEqual(plain.slice(0, 1));
    expect(await ask("/agents?unhealthy=false")).toEqual(plain.slice(1));
    const one = await as<AgentItem>("vendor", "GET", "/agents/web1");
    expect(still(one.body)).toEqual(plain[0]);
  });

  it("say how many there are, and come page by page in any order", async () => {
    for (const sort of ["hostname", "enrolled", "lastseen", "mode", "behind"]) {
      const seen: string[] = [];
      for (let next: string | null = ""; next !== null;) {
        const more: string = next === "" ? "" : `&cursor=${next}`;
        const path = `/agents?limit=1&sort=${sort}${more}`;
        type Counted = Page<AgentItem> & { readonly total: number };
        const { body } = await as<Counted>("vendor", "GET", path);
        expect(body.total).toBe(4);
        seen.push(...body.items.map(({ hostname }) => hostname));
        next = body.next;
      }
      expect(seen.toSorted()).toEqual(["db1", "old1", "web1", "web9"]);
    }
  });

  it("are not found by what is no query, and one is told where it is not", async () => {
    const path = `/agents?q=${encodeURIComponent("org:acme mood:good")}`;
    const { status, body } = await as<unknown>("vendor", "GET", path);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "invalid",
      errors: [
        { field: "q", message: expect.stringContaining("at 10") as unknown },
      ],
    });
  });

  it("come page by page, none twice", async () => {
    const seen: string[] = [];
    for (let next: string | null = ""; next !== null;) {
      const more: string = next === "" ? "" : `&cursor=${next}`;
      const path = `/agents?limit=3${more}`;
      const page = await as<Page<AgentItem>>("vendor", "GET", path);
      seen.push(...page.body.items.map(({ hostname }) => hostname));
      next = page.body.next;
    }
    expect(seen).toEqual(["web1", "db1", "web9", "old1"]);
    const sources: string[] = [];
    for (let next: string | null = ""; next !== null;) {
      const more: string = next === "" ? "" : `&cursor=${next}`;
      const path = `/detections?limit=1${more}`;
      type Sources = Page<{ source: string }>;
      const { body } = await as<Sources>("admin", "GET", path);
      sources.push(...body.items.map(({ source }) => source));
      next = body.next;
    }
    expect(sources).toEqual(["203.0.113.3", "203.0.113.2", "203.0.113.1"]);
    const first = await as<Page<object>>("admin", "GET", "/sightings?limit=1");
    const rest = `/sightings?limit=1&cursor=${first.body.next ?? ""}`;
    const second = await as<Page<object>>("admin", "GET", rest);
    expect([first.body, second.body]).toMatchObject([
      { items: [{ range: "203.0.113.1" }], totals: [{ org: "acme" }] },
      { items: [{ range: "203.0.113.2" }], next: null },
    ]);
  });

  it("of other orgs are as if they were not there", async () => {
    expect(await hosts("", "viewer")).toEqual(["web1", "db1", "old1"]);
    for (const name of [foreign.agent, "web9", "agt-0"]) {
      const all: readonly (readonly [string, string, unknown?])[] = [
        ["GET", `/agents/${name}`],
        ["PUT", `/agents/${name}/tags`, { tags: [] }],
        ["POST", `/agents/${name}/forget`],
        ["POST", `/agents/${name}/clear-clones`],
        ["GET", `/detections?agent=${name}`],
        ["GET", `/contacts?agent=${name}`],
      ];
      for (const asked of all) {
        const { status, body } = await as<object>("admin", ...asked);
        expect([status, body]).toMatchObject([
          404,
          { detail: `no agent with id or host name ${name}` },
        ]);
      }
    }
    for (const org of ["globex", "nobody"]) {
      for (const path of ["agents", "detections", "contacts", "sightings"]) {
        const { body } = await as<object>(
          "viewer",
          "GET",
          `/${path}?org=${org}`,
        );
        expect(body).toMatchObject({
          ...{ status: 404, detail: `there is no org ${org}` },
        });
      }
    }
    expect((await as("partner", "GET", "/agents")).status).toBe(403);
  });

  it("are changed by admins, and revoked only after a step-up", async () => {
    const path = `/agents/${db.agent}/revoke`;
    for (const [role, code] of [
      ["viewer", "not-allowed"],
      ["admin", "step-up-needed"],
      ["vendor", "step-up-needed"],
    ] as const) {
      expect(await as(role, "POST", path)).toMatchObject({
        ...{ status: 403, body: { code } },
      });
    }
    const order = ["POST", "/agents/db1/revoke", { reason: "sold" }] as const;
    const admin = tokens.get("admin") ?? "";
    expect(await askAtDoor(cloud, admin, order)).toMatchObject({
      ...{ status: 200, body: { agent: db.agent } },
    });
    const { body } = await as("viewer", "GET", "/agents/db1");
    expect(body).toMatchObject({ state: "revoked", revokedWhy: "sold" });
  });

  it.each([
    ["too many tags", Array.from({ length: 17 }, (_, i) => `t${i}`)],
    ["a tag that is none", ["Web 1"]],
    ["a tag that is too long", ["x".repeat(33)]],
  ])("refuse %s", async (_, tags) => {
    const path = `/agents/${web.agent}/tags`;
    const { status, body } = await as<object>("vendor", "PUT", path, { tags });
    expect([status, body]).toMatchObject([
      400,
      { errors: [{ field: expect.stringMatching(/^tags/) }] },
    ]);
  });
});
