import { describe, expect, it } from "@jest/globals";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

interface Page {
  readonly items: readonly { readonly seq: number; readonly agent: string }[];
  readonly total: number;
  readonly next: string | null;
}

/** Hosts of two orgs that each said what they made of a ban, and refused one. */
async function openWorld() {
  const cloud = await startTestCloud();
  const acme = await cloud.enrol("acme", "acme.example");
  const globex = await cloud.enrol("globex", "globex.example");
  const { decision } = await cloud.ban("198.51.100.1");
  for (const who of [acme, globex]) {
    using agent = await TestAgent.connect(cloud, who);
    const position = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, position);
    const refusal = { type: "refusal", feed: "urgent", detail: "" } as const;
    agent.send({ ...refusal, code: "gap" });
    agent.send({ type: "resume", feed: "urgent" });
    await agent.next("plan");
  }
  await eventually(async () => {
    const path = "/api/v1/refusals";
    const { body } = await cloud.request<Page>("GET", path);
    return body.items.length === 2 || undefined;
  });
  const joining = { name: "ann", role: "viewer", org: "acme" } as const;
  const { token } = await letIn(cloud, joining);
  const asViewer = <T>(path: string) =>
    askAsOperator<T>(cloud, token, ["GET", path]);
  return Object.assign(cloud, { acme, globex, decision, asViewer });
}

describe("what hosts answered", () => {
  it("is there for their own org's people, and for the vendor's", async () => {
    await using world = await openWorld();
    const { acme, decision, asViewer } = world;
    for (const list of ["/receipts", `/receipts?decision=${decision}`]) {
      const { body } = await asViewer<Page>(list);
      expect(body).toMatchObject({
        ...{ total: 1, next: null },
        items: [{ receipt: { agent: acme.agent } }],
      });
      const all = await world.request<Page>("GET", `/api/v1${list}`);
      expect(all.body.total).toBe(2);
    }
    const refusals = await asViewer<Page>("/refusals");
    expect(refusals.body.items).toMatchObject([{ agent: acme.agent }]);
    const divergences = await asViewer<Page>("/divergences");
    expect(divergences.body).toEqual({ items: [], next: null });
  });

  it("of a foreign host is as that of an unknown one", async () => {
    await using world = await openWorld();
    for (const list of ["receipts", "refusals", "divergences", "statements"]) {
      const foreign = await world.asViewer(`/${list}?agent=globex.example`);
      const unknown = await world.asViewer(`/${list}?agent=nobody.example`);
      expect(foreign.status).toBe(404);
      const said = JSON.stringify(foreign).replaceAll("globex", "nobody");
      expect(said).toBe(JSON.stringify(unknown));
    }
  });

  it("goes on page by page, and behind what was seen", async () => {
    await using world = await openWorld();
    const pageAt = async (query: string) =>
      (await world.request<Page>("GET", `/api/v1/receipts?${query}`)).body;
    const first = await pageAt("limit=1");
    const second = await pageAt(`limit=1&cursor=${first.next}`);
    expect(second.items[0]?.seq).toBeGreaterThan(first.items[0]!.seq);
    const behind = await pageAt(`after=${first.items[0]!.seq}`);
    expect(behind.items).toEqual(second.items);
    expect(behind.next).toBeNull();
    const newest = await pageAt("limit=1&newest=true");
    expect(newest.items).toEqual(second.items);
  });
});

describe("the vendor's own", () => {
  it("feeds and rules are no other org's, and no proposal is", async () => {
    await using world = await openWorld();
    const { body } = await world.asViewer<{ items: { feed: string }[] }>(
      "/feeds",
    );
    expect(body.items.map(({ feed }) => feed).sort()).toEqual([
      ...["org/acme", "reputation", "urgent"],
    ]);
    expect((await world.asViewer("/rules")).status).toBe(403);
    const proposals = await world.asViewer("/proposals");
    expect(proposals.body).toEqual({ items: [], next: null });
  });
});
