import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { wire2 } from "../../../agent/protocol/wire.js";
import { TrustedPolicy } from "../../../agent/trust/policy.js";
import { keyFromPem } from "../../../agent/trust/keys.js";
import { signText } from "../../../agent/trust/sign.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn, type Person } from "../../support/cloud/people.js";

const fileOf = (allow: readonly string[], groups = "[]") => `version: 1
org: acme
allow: [${allow.map((range) => `{ ranges: [${range}], until: 2100-01-01, why: office }`).join(", ")}]
groups: ${groups}
`;

const DAY_MS = 86_400_000;
const OFFICE = "203.0.113.0/24";

describe("an org's policy", () => {
  let cloud: TestCloud;
  let aheadMs: number;
  let ann: Person;
  let bo: Person;
  let host: Enrolled;

  beforeEach(async () => {
    aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    cloud = await startTestCloud({ twoPersons: {}, clock });
    host = await cloud.enrol("acme", "web-1.example");
    const acme = { role: "approver", org: "acme" } as const;
    ann = await letIn(cloud, { name: "ann", ...acme });
    bo = await letIn(cloud, { name: "bo", ...acme });
  });
  afterEach(() => cloud[Symbol.asyncDispose]());

  const publish = <T = { proposal: string }>(
    { token }: Person,
    file: string,
    more: object = {},
  ) =>
    askAtDoor<T>(cloud, token, [
      ...(["POST", "/orgs/acme/policy", { file, ...more }] as const),
    ]);
  const release = ({ token }: Person, proposal: string) =>
    askAtDoor(cloud, token, ["POST", `/proposals/${proposal}/release`, {}]);
  const published = async (file: string) => {
    const { body, status } = await publish(ann, file);
    expect(status).toBe(202);
    expect((await release(bo, body.proposal)).status).toBe(201);
  };
  const connect = async (who: Enrolled, capabilities: readonly string[]) => {
    const agent = TestAgent.dial(cloud.url, wire2);
    await agent.hello(who, [], { capabilities });
    await agent.next("welcome");
    return agent;
  };
  const heard = async (agent: TestAgent) => {
    const { policy } = await agent.next("policy");
    return TrustedPolicy.open(policy, cloud.root, "acme");
  };
  const allowedBy = (policy: TrustedPolicy) =>
    policy.ranges.map(({ cidr }) => formatCidr(cidr));

  it("that lets more through waits for a second person, and comes to its hosts then", async () => {
    using agent = await connect(host, ["policy"]);
    const { body, status } = await publish(ann, fileOf([OFFICE]));
    expect(status).toBe(202);
    expect((await release(ann, body.proposal)).status).toBe(403);
    expect((await release(bo, body.proposal)).status).toBe(201);
    const policy = await heard(agent);
    expect(policy.document.version).toBe(1);
    expect(allowedBy(policy)).toEqual([OFFICE]);
  });

  it("is dated no earlier than the root that it is signed by, as hosts ask", async () => {
    aheadMs = -3_600_000;
    await published(fileOf([OFFICE]));
    using agent = await connect(host, ["policy"]);
    const { issuedAt } = (await heard(agent)).document;
    expect(issuedAt).toBe(cloud.root.document.issuedAt);
  });

  it("that only takes back counts at once", async () => {
    await published(fileOf([OFFICE, "198.51.100.0/24"]));
    using agent = await connect(host, ["policy"]);
    expect((await heard(agent)).document.version).toBe(1);
    const narrower = await publish<object>(ann, fileOf([OFFICE]));
    expect(narrower).toMatchObject({
      status: 201,
      body: { version: 2, widens: [], ranges: 1 },
    });
    const policy = await heard(agent);
    expect(policy.document.version).toBe(2);
    expect(allowedBy(policy)).toEqual([OFFICE]);
  });

  it("that has sensors count longer waits for a second person as well", async () => {
    const sensors = `${fileOf([])}goodFor: 10d\nsensors: { sshd: { maxretry: 8 } }\n`;
    await published(sensors);
    const again = await publish<object>(ann, sensors);
    expect(again).toMatchObject({ status: 201, body: { widens: [] } });
    const longer = await publish(ann, sensors, { extend: true });
    expect(longer.status).toBe(202);
    aheadMs = 20 * 86_400_000;
    expect((await publish(ann, sensors)).status).toBe(202);
  });

  it("has for a host what its groups have, as its tags are", async () => {
    const group = `[{ name: web, tags: [web], allow: [{ ranges: [198.51.100.0/24], until: 2100-01-01, why: scan }] }]`;
    await published(fileOf([OFFICE], group));
    using agent = await connect(host, ["policy"]);
    const before = await heard(agent);
    expect(before.document.groups).toEqual([]);
    expect(allowedBy(before)).toEqual([OFFICE]);
    const tags = `/agents/${host.agent}/tags`;
    await askAtDoor(cloud, cloud.operator, ["PUT", tags, { tags: ["web"] }]);
    const after = await heard(agent);
    expect(after.document.groups).toEqual(["web"]);
    expect(allowedBy(after)).toEqual([OFFICE, "198.51.100.0/24"]);
    after.mustReplace(before, Date.now());
  });

  it("is not told to agents that do not know policies, and names them", async () => {
    const old = await cloud.enrol("acme", "old-1.example");
    await published(fileOf([OFFICE]));
    using knows = await connect(host, ["policy"]);
    using _other = await connect(old, []);
    await heard(knows);
    const show = () =>
      askAtDoor<{ hosts: { others: object[] } }>(cloud, ann.token, [
        ...(["GET", "/orgs/acme/policy"] as const),
      ]);
    const { body } = await show();
    expect(body).toMatchObject({
      ...{ org: "acme", version: 1, publishedBy: "ann", signedBy: "content" },
      hosts: { all: 2, current: 0 },
    });
    expect(body.hosts.others).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ agent: old.agent, takes: false }),
        expect.objectContaining({ agent: host.agent, takes: true }),
      ]),
    );
    const { epoch, offset, hash } = await positionOf(cloud);
    knows.sendReceipt(host, { feed: "urgent", epoch, offset, hash }, {
      ext: { policy: 1 },
    } as object);
    await eventually(async () => {
      const { hosts } = (await show()).body as unknown as {
        hosts: { current: number };
      };
      return hosts.current === 1 ? true : undefined;
    });
  });

  it("of another org is none that one sees", async () => {
    await cloud.addOrg("globex");
    const order = ["POST", "/orgs/globex/policy", { file: "x" }] as const;
    expect((await askAtDoor(cloud, ann.token, order)).status).toBe(404);
  });

  it("is refused with what hosts would refuse of its allowance", async () => {
    const pem = readFileSync(join(cloud.dir, "keys/critical.pem"), "utf8");
    const key = keyFromPem(pem);
    const now = Date.now();
    const wide = (issuedAt: number) => {
      const ranges = ["198.18.0.0/15"];
      const dates = { issuedAt, expiresAt: now + 9 * DAY_MS };
      const document = { type: "allowance", org: "acme", ...dates, ranges };
      const allowance = signText("allowance", document, [key], 2);
      return `${fileOf(ranges)}allowance: ${JSON.stringify(allowance)}\n`;
    };
    await published(wide(now));
    expect((await publish(ann, fileOf([]))).status).toBe(201);
    for (const [issuedAt, why] of [
      [now - 1, "none of before"],
      [now + 2 * DAY_MS, "its allowance is dated ahead"],
    ] as const) {
      const { status, body } = await publish<{ detail: string }>(
        ann,
        wide(issuedAt),
      );
      expect([status, body.detail]).toEqual([
        ...[400, expect.stringContaining(why)],
      ]);
    }
  });

  it.each([
    ["is no policy", "version: 3", "must be 1"],
    ["is of another org", fileOf([]).replace("acme", "globex"), "for globex"],
    ["allows what is wide", fileOf(["198.18.0.0/15"]), "wider than /24"],
  ])("is refused where it %s", async (_, file, why) => {
    const { status, body } = await publish<{ detail: string }>(ann, file);
    expect(status).toBe(400);
    expect(body.detail).toContain(why);
  });
});

/** A segment's place, for a receipt. */
async function positionOf(cloud: TestCloud) {
  const { decision } = await cloud.ban("45.9.148.7");
  expect(decision).not.toBeNull();
  const who = await cloud.enrol("acme", "probe.example");
  using agent = await TestAgent.connect(cloud, who);
  const plan = await agent.planOf(agent.welcome, "urgent");
  const answer = await fetch(
    `${cloud.url}/v1/segments?feed=urgent&epoch=${plan.epoch}&from=1`,
    { headers: { authorization: `Bearer ${agent.welcome.session}` } },
  );
  const { openSegments } = await import("../../../agent/protocol/segment.js");
  const [first] = [...openSegments(Buffer.from(await answer.arrayBuffer()))];
  const { header, hash } = first!.segment;
  return { epoch: header.epoch, offset: header.last, hash };
}
