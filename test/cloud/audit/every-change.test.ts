import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import type { OperatorApiPorts } from "../../../cloud/api/ports.js";
import { routeTable } from "../../../cloud/api/routes/table.js";
import type { Route } from "../../../cloud/api/table/route.js";
import { approvalAfter } from "../../../cloud/approvals/ceremony.js";
import { newId } from "../../../cloud/ids.js";
import { signDraft } from "../../../cloud/roots/ceremony.js";
import { readKeys } from "../../../cloud/roots/root-files.js";
import { Authenticator } from "../../support/cloud/authenticator.js";
import { bundleOf, handIn, lonelyHost } from "../../support/cloud/carried.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  type Person,
} from "../../support/cloud/people.js";
import { connectStating, released, state } from "../../support/cloud/harm.js";
import { draftOf } from "../../support/cloud/rotation.js";
import { TestFolder } from "../../support/folder.js";

/** What a change is asked with: what its path names, and its body. */
interface Asked {
  readonly names?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface World {
  readonly cloud: TestCloud;
  /** A second admin, who makes every change that is looked at. */
  readonly bert: Person;
  readonly opened: Lifetime;
}

const RULES = `version: 1
rules:
  - name: two-orgs
    within: 10m
    needs: { orgs: 2 }
    ban: { for: 1h }
`;

/** What lies ready for each change, so that it changes something. */
const READY: Readonly<
  Record<string, (world: World) => Promise<Asked> | Asked>
> = {
  ban: () => ({ body: { range: "203.0.113.1" } }),
  lift: async ({ cloud }) => {
    await cloud.ban("203.0.113.2");
    return { body: { range: "203.0.113.2" } };
  },
  undoDecision: async ({ cloud }) => {
    const { decision } = await cloud.ban("203.0.113.6");
    return { names: { decision }, body: { reason: "a mistake" } };
  },
  publishPolicy: async ({ cloud }) => {
    const { org } = await cloud.enrol("initech");
    return { names: { org }, body: { file: `version: 1\norg: ${org}` } };
  },
  unholdPolicy: async ({ cloud, opened }) => {
    const host = await connectStating(cloud, await cloud.enrol("umbrella"));
    opened.own(host.agent);
    // For whose sake it is held.
    await cloud.enrol("umbrella", "beside");
    const { decision } = await cloud.ban("203.0.113.8");
    await state(host, released("203.0.113.8"));
    await host.agent.next("policy");
    return { names: { org: "umbrella", decision } };
  },
  importList: () => ({ body: "203.0.113.3\n203.0.113.4\n" }),
  reviewBrokenGlass: async (world) => {
    const breakGlass = "nobody else is up";
    const { glass } = await ordered("46.0.0.0/12", world, { breakGlass });
    const body = { verdict: "justified", reason: "it was" };
    return { names: { glass }, body };
  },
  releaseProposal: async (world) => {
    const { proposal } = await ordered("46.16.0.0/12", world);
    return { names: { proposal }, body: {} };
  },
  refuseProposal: async (world) => {
    const { proposal } = await ordered("46.32.0.0/12", world);
    return { names: { proposal }, body: { reason: "no" } };
  },
  publishRules: () => ({ body: { text: RULES } }),
  shadowRules: () => ({ body: { text: RULES } }),
  endShadow: async ({ cloud }) => {
    const watched = ["PUT", "/rules/shadow", { text: RULES }] as const;
    await askAtDoor(cloud, cloud.operator, watched);
    return {};
  },
  vouchForOrg: async ({ cloud }) => {
    const org = await cloud.addOrg("vouched");
    return { names: { org }, body: { why: "we know them" } };
  },
  withdrawVouch: async ({ cloud, bert }) => {
    const org = await cloud.addOrg("doubted");
    const order = ["POST", `/orgs/${org}/vouch`, { why: "so far" }] as const;
    type Waits = { proposal: string };
    const { body } = await askAtDoor<Waits>(cloud, cloud.operator, order);
    const path = `/proposals/${body.proposal}/release`;
    await askAtDoor(cloud, bert.token, ["POST", path, {}]);
    return { names: { org } };
  },
  openContest: async ({ cloud }) => {
    await cloud.ban("203.0.113.5");
    return { body: { address: "203.0.113.5", why: "it is ours" } };
  },
  makeContestCode: () => ({ body: { address: "203.0.113.6" } }),
  answerContest: async ({ cloud }) => {
    await cloud.ban("203.0.113.7");
    const path = "/api/v1/contests/open";
    const complaint = { address: "203.0.113.7", why: "it is ours" };
    type Opened = { contest: string };
    const opened = await cloud.request<Opened>("POST", path, complaint);
    const { contest } = opened.body;
    return { names: { contest }, body: { verdict: "released", answer: "yes" } };
  },
  addOrg: () => ({ body: { name: "A new one" } }),
  addOperator: () => ({ body: { name: "carl", role: "viewer" } }),
  changeOperator: async ({ cloud }) => {
    const { id } = await letIn(cloud, { name: "dora", role: "viewer" });
    return { names: { operator: id }, body: { disabled: true } };
  },
  makeToken: ({ bert }) => ({ names: { operator: bert.id }, body: {} }),
  revokeCredential: async ({ cloud }) => {
    const emil = await letIn(cloud, { name: "emil", role: "viewer" });
    return { names: { credential: emil.credential } };
  },
  setPassword: ({ bert }) => ({
    names: { operator: bert.id },
    body: { password: "not what it was before" },
  }),
  addPasskey: async ({ cloud, bert }) => {
    const options = ["POST", "/me/passkey-options"] as const;
    const { body } = await askAtDoor(cloud, bert.token, options);
    const passkey = new Authenticator(cloud.url).create(body as never);
    return { body: { passkey, label: "laptop" } };
  },
  makeEnrolmentToken: async ({ cloud }) => ({
    body: { org: await cloud.addOrg("With a host") },
  }),
  revokeEnrolmentToken: async ({ cloud }) => {
    const org = await cloud.addOrg("Without a host");
    const made = await cloud.request<{ id: string }>(
      ...(["POST", "/api/v1/enrolment-tokens", { org }] as const),
    );
    return { names: { token: made.body.id } };
  },
  tagAgent: async (world) => ({
    ...{ names: await host(world), body: { tags: ["edge"] } },
  }),
  revokeAgent: async (world) => ({ names: await host(world), body: {} }),
  forgetAgent: async (world) => {
    const names = await host(world);
    const { cloud } = world;
    const revoke = ["POST", `/agents/${names.agent}/revoke`] as const;
    await askAtDoor(cloud, cloud.operator, revoke);
    return { names };
  },
  clearClones: async (world) => ({ names: await host(world) }),
  takeCarriedReceipts: async ({ cloud, opened }) => {
    const folder = opened.own(new TestFolder());
    const org = await cloud.addOrg(newId("org"));
    const agent = opened.own(await lonelyHost(cloud, folder, org));
    await cloud.ban("203.0.113.5");
    await handIn(agent, await bundleOf(cloud, { org }));
    return { body: agent.carried.receipts() };
  },
  publishApproval: ({ cloud }) => {
    const hour = 3_600_000;
    const changes = {
      ...{ feed: "urgent" as const, add: [parseCidr("16.0.0.0/12")] },
      ...{ remove: [], waits: [0, hour, hour, hour] as const },
      ...{ goodForMs: 24 * hour, limits: undefined },
    };
    const { keys } = cloud.signing.root.document.roles.critical;
    const own = readKeys(join(cloud.dir)).find(({ id }) => keys.includes(id));
    const draft = approvalAfter(undefined, changes, Date.now());
    return { body: signDraft(draft, own!, "approval") };
  },
  publishRoot: ({ cloud }) => {
    const { signed, signatures } = draftOf(cloud);
    return { body: { signed, signatures } };
  },
};

describe("every change by the API", () => {
  const changing = routeTable({} as OperatorApiPorts).filter(
    ({ lets }) => lets?.changes === true,
  );
  let world: World;

  beforeAll(async () => {
    await using opened = new Lifetime();
    const twoPersons = { flows: null };
    const cloud = opened.own(await startTestCloud({ twoPersons }));
    const bert = await letIn(cloud, { name: "bert", role: "admin" });
    world = { cloud, bert, opened: opened.release() };
  });
  afterAll(() => world.opened[Symbol.asyncDispose]());

  it("is tried here", () => {
    const named = changing.map(({ operationId }) => operationId);
    expect(Object.keys(READY).sort()).toEqual(named.sort());
  });

  it.each(changing)(
    "stands in the log with a record: $operationId",
    async (route) => {
      const asked = await READY[route.operationId]!(world);
      const before = await recordsOf(route, world);
      const { status, body } = await change(route, asked, world);
      expect([Math.floor(status / 100), body]).toEqual([2, body]);
      const after = await recordsOf(route, world);
      expect(after.slice(0, after.length - before.length)).toMatchObject([
        { name: "bert", operation: route.operationId },
      ]);
    },
    30_000,
  );

  it("but for receipts that say what is known already", async () => {
    const route = changing.find(
      ({ operationId }) => operationId === "takeCarriedReceipts",
    )!;
    const asked = await READY[route.operationId]!(world);
    await change(route, asked, world);
    const before = await recordsOf(route, world);
    expect(await change(route, asked, world)).toMatchObject({ status: 200 });
    expect(await recordsOf(route, world)).toEqual(before);
  });
});

function change(
  { method, path }: Route,
  { names = {}, body }: Asked,
  { cloud, bert }: World,
) {
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const thing = names[name];
    if (thing === undefined) throw new Error(`which ${name}?`);
    return thing;
  });
  const asked = [method, named, body] as const;
  return typeof body === "string"
    ? askAsOperator<unknown>(cloud, bert.token, asked)
    : askAtDoor<unknown>(cloud, bert.token, asked);
}

/** The newest first. */
async function recordsOf(
  { operationId }: Route,
  { cloud }: World,
): Promise<readonly unknown[]> {
  const query = `operation=${operationId}&limit=1000`;
  const { body } = await cloud.request<{ items: readonly unknown[] }>(
    ...(["GET", `/api/v1/audit?${query}`] as const),
  );
  return body.items;
}

/** What the first admin orders, and what it comes to. */
async function ordered(
  range: string,
  { cloud }: World,
  more: object = {},
): Promise<{ readonly proposal: string; readonly glass: string }> {
  const order = { range, for: "1h", reason: "it attacks", ...more };
  const { body } = await askAtDoor<{ proposal: string; glass: string }>(
    ...([cloud, cloud.operator, ["POST", "/bans", order]] as const),
  );
  return body;
}

async function host({ cloud }: World): Promise<{ readonly agent: string }> {
  const { agent } = await cloud.enrol("example", `${newId("host")}.example`);
  return { agent };
}
