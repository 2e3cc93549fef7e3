import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";
import { detection } from "../telemetry/items.js";

type Row = Readonly<Record<string, unknown>>;

interface Page {
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total?: number;
}

describe("lists that are asked by a query", () => {
  let cloud: TestCloud;
  let web: Enrolled;
  let viewer: string;

  beforeAll(async () => {
    cloud = await startTestCloud();
    web = await cloud.enrol("acme", "web1");
    await cloud.enrol("globex", "web9");
    using online = await TestAgent.connect(cloud, web);
    await online.report(detection("203.0.113.1"), detection("198.51.100.2"));
    await cloud.ban("203.0.113.1", { reason: "SSH brute force" });
    await cloud.ban("203.0.113.2", { feed: "org/acme", observe: true });
    await cloud.ban("203.0.113.3", { feed: "org/globex", for: "30d" });
    const joining = { name: "vera", role: "viewer", org: "acme" } as const;
    viewer = (await letIn(cloud, joining)).token;
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const ask = async (path: string, q: string, token = cloud.operator) => {
    const mark = path.includes("?") ? "&" : "?";
    const asked = `${path}${mark}q=${encodeURIComponent(q)}`;
    return askAsOperator<Page>(cloud, token, ["GET", asked]);
  };

  const found = async (path: string, q: string, token?: string) => {
    const { status, body } = await ask(path, q, token);
    expect([status, body.next]).toEqual([200, null]);
    if (path !== "/audit") expect(body.total).toBe(body.items.length);
    return body.items;
  };

  it.each<[string, readonly string[]]>([
    ["", ["203.0.113.3", "203.0.113.2", "203.0.113.1"]],
    ["action:ban observed:yes", ["203.0.113.2"]],
    ["not feed:urgent", ["203.0.113.3", "203.0.113.2"]],
    ["feed:urgent", ["203.0.113.1"]],
    ["feed:nobody", []],
    ["org:globex", ["203.0.113.3"]],
    ["brute", ["203.0.113.1"]],
    ["reason:*BRUTE*", ["203.0.113.1"]],
    ["until:>7d", ["203.0.113.3"]],
    ["decided:<1h", ["203.0.113.3", "203.0.113.2", "203.0.113.1"]],
    ["decided:>1h", []],
    ["range:203.0.113.0/31", ["203.0.113.1"]],
    ["203.0.113.2", ["203.0.113.2"]],
    ["undone:yes", []],
    ["rule:*", []],
  ])("of decisions: %s", async (q, expected) => {
    const items = await found("/decisions", q);
    expect(items.map(({ targets }) => targets)).toEqual(
      expected.map((each) => [each]),
    );
  });

  it("of decisions, by the one that is named", async () => {
    const [one] = await found("/decisions", "feed:org/acme");
    const id = String(one?.["decision"]);
    expect(await found("/decisions", `id:${id}`)).toEqual([one]);
    expect(await found("/decisions", `id:${id} feed:urgent`)).toEqual([]);
    expect(await found("/decisions", `not id:${id}`)).toHaveLength(2);
  });

  it("page by page", async () => {
    const first = await ask("/decisions?limit=1", "not org:globex");
    expect(first.body).toMatchObject({ total: 2, items: [{ ranges: 1 }] });
    const path = `/decisions?limit=1&cursor=${first.body.next ?? ""}`;
    const second = await ask(path, "not org:globex");
    expect(second.body).toEqual({
      ...{ items: [expect.anything()], next: null },
    });
  });

  it("find for an org's people what they see, and no more", async () => {
    const seen = await found("/decisions", "", viewer);
    expect(seen.map(({ feed }) => feed)).toEqual(["org/acme", "urgent"]);
    const [theirs] = await found("/decisions", "org:globex");
    const id = String(theirs?.["decision"]);
    const by = String(theirs?.["by"]);
    for (const q of [`id:${id}`, "org:globex", "feed:org/globex"]) {
      expect(await found("/decisions", q, viewer)).toEqual([]);
    }
    // In everybody's feeds they know nobody by name.
    const named = await found("/decisions", `by:${by}`, viewer);
    expect(named.map(({ feed }) => feed)).toEqual(["org/acme"]);
    expect(await found("/decisions", `by:${by}`)).toHaveLength(3);
    expect(await found("/detections", "org:globex", viewer)).toEqual([]);
  });

  it("of detections", async () => {
    const sources = async (q: string, path = "/detections") =>
      (await found(path, q)).map(({ source }) => source);
    const both = ["198.51.100.2", "203.0.113.1"];
    expect(await sources("host:web1 action:banned")).toEqual(both);
    expect(await sources("source:203.0.113.0/24")).toEqual(["203.0.113.1"]);
    expect(await sources("not source:203.0.113.0/24")).toEqual([both[0]]);
    expect(await sources("host:web9")).toEqual([]);
    const told = await found("/detections", "host:web1");
    expect(told.map((each) => each["hostname"])).toEqual(["web1", "web1"]);
    expect(await sources(`agent:${web.agent} told:<1h`)).toEqual(both);
    const unacted = "/detections?unacted=true";
    expect(await sources("source:198.51.100.2", unacted)).toEqual([both[0]]);
  });

  it("of contests, those that were answered where that is asked for", async () => {
    const complaint = { address: "203.0.113.1", why: "it is our office" };
    const opened = await askAsOperator<Row>(cloud, cloud.operator, [
      ...(["POST", "/contests/open", complaint] as const),
    ]);
    expect(opened.status).toBe(201);
    const { contest } = opened.body;
    const ids = async (q: string) =>
      (await found("/contests", q)).map((each) => each["contest"]);
    expect(await ids("address:203.0.113.0/24 proof:operator")).toEqual([
      contest,
    ]);
    expect(await ids("state:open office")).toEqual([contest]);
    expect(await ids("state:refused")).toEqual([]);
    expect(await ids("overdue:yes")).toEqual([]);
  });

  it("of proposals", async () => {
    expect(await found("/proposals", "state:released,refused")).toEqual([]);
  });

  it("of calls", async () => {
    const calls = await found("/audit", "operation:ban called:<1h");
    expect(calls).toHaveLength(3);
    expect(await found("/audit", "not by:*")).toEqual([]);
    const socket = await found("/audit", "not from:*");
    const address = await found("/audit", "from:127.0.0.0/8");
    expect([...socket, ...address].length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ...["/decisions", "/contests", "/proposals", "/audit", "/detections"],
  ])("say where a query of %s is none", async (path) => {
    const { status, body } = await ask(path, "x not nothing:1");
    expect([status, body]).toMatchObject([
      400,
      {
        code: "invalid",
        errors: [{ field: "q", value: "x not nothing:1" }],
        detail: expect.stringMatching(/^q: at 7: \w+ have no "nothing"; /),
      },
    ]);
  });

  it("take no query that is too long", async () => {
    const { status, body } = await ask("/decisions", "x".repeat(1_001));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      detail: "q: has more than 1000 characters",
    });
  });
});
