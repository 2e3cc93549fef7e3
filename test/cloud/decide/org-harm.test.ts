import { describe, expect, it, jest } from "@jest/globals";
import type { Policy } from "../../../agent/protocol/policy.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { TrustedPolicy } from "../../../agent/trust/policy.js";
import type { RecordingLogger } from "../../support/agent/recording-logger.js";
import { positionAfter } from "../../support/agent/test-agent.js";
import { eventually, type TestCloud } from "../../support/cloud/cloud.js";
import {
  connectStating,
  failed,
  rangesBanned,
  released,
  state,
  statingHosts,
  type StatingHost,
} from "../../support/cloud/harm.js";
import { askAtDoor, letIn, revoke } from "../../support/cloud/people.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";
const OTHER = "198.51.100.9";
const HELD = "ALARM: a decision hurt hosts of one org, and is held there";
const NOT_HELD =
  "ALARM: a decision hurt hosts of one org, and is not held there";

describe("harm that hosts of one org state", () => {
  it("has that org's policy hold the ban, and nobody else's", async () => {
    await using site = await statingHosts([
      "acme",
      "acme",
      "acme",
      "acme",
      "other",
    ]);
    const { cloud, hosts, log } = site;
    const { decision } = await cloud.ban(RANGE);
    await state(hosts[0]!, released(RANGE));
    await state(hosts[0]!, released(RANGE));
    await site.answered();
    expect(await shown(cloud, "acme")).toMatchObject({ status: 404 });
    await state(hosts[1]!, released(RANGE));
    for (const host of hosts.slice(0, 4)) {
      const { holds, allow, version } = await heard(cloud, host);
      expect({ allow, version }).toEqual({ allow: [], version: 1 });
      expect(holds).toMatchObject([{ feed: "urgent", ranges: [RANGE] }]);
    }
    expect((await shown(cloud, "acme")).body).toMatchObject({
      ...{ version: 1, publishedBy: "rule:harm" },
      holds: [{ decision, why: `2 hosts were hurt by ${decision}` }],
    });
    expect(await shown(cloud, "other")).toMatchObject({ status: 404 });
    expect(await rangesBanned(cloud)).toEqual([RANGE]);
    expect(told(log, HELD)).toHaveLength(1);
  });

  it("takes one host alone where the org has no more than three", async () => {
    await using site = await statingHosts(["acme", "acme", "acme"]);
    const { cloud, hosts } = site;
    const { decision } = await cloud.ban(RANGE, { for: "1h" });
    await state(hosts[0]!, released(RANGE));
    const { holds = [] } = await heard(cloud, hosts[2]!);
    expect(holds.map(({ why }) => why)).toEqual([
      `1 host was hurt by ${decision}`,
    ]);
    const ends = (holds[0]?.until ?? 0) - Date.now();
    expect(ends).toBeLessThanOrEqual(3_600_000);
  });

  it("takes a trial that failed, by where that led to", async () => {
    await using site = await statingHosts(["acme", "acme"]);
    const { cloud, hosts } = site;
    await cloud.ban("203.0.113.1");
    await cloud.ban("198.51.100.0/24");
    const { agent } = hosts[0]!;
    await agent.nextSegment();
    const position = positionAfter(await agent.nextSegment());
    await state(hosts[0]!, failed(position));
    const { holds } = await heard(cloud, hosts[1]!);
    expect(holds).toMatchObject([{ ranges: ["198.51.100.0/24"] }]);
  });

  it("keeps what the org's people want, and is kept by what they publish next", async () => {
    await using site = await statingHosts(["acme"]);
    const { cloud, hosts } = site;
    const file = (office: string) =>
      `version: 1\norg: acme\nallow: [{ ranges: [${office}], until: 2100-01-01, why: office }]\n`;
    await publish(cloud, file("192.0.2.0/24"));
    await heard(cloud, hosts[0]!);
    await cloud.ban(RANGE);
    await state(hosts[0]!, released(RANGE));
    const held = await heard(cloud, hosts[0]!);
    expect(held).toMatchObject({
      ...{ version: 2, holds: [{ ranges: [RANGE] }] },
      allow: [{ ranges: ["192.0.2.0/24"], why: "office" }],
    });
    expect((await shown(cloud, "acme")).body.file).toBe(file("192.0.2.0/24"));
    await publish(cloud, file("192.0.2.7"));
    expect(await heard(cloud, hosts[0]!)).toMatchObject({
      ...{ version: 3, holds: [{ ranges: [RANGE] }] },
      allow: [{ ranges: ["192.0.2.7"] }],
    });
  });

  it("lasts over the end of the policy that it stands in", async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    await using site = await statingHosts(["acme"], { clock });
    const { cloud, hosts } = site;
    await publish(cloud, "version: 1\norg: acme\ngoodFor: 1d\n");
    await heard(cloud, hosts[0]!);
    await cloud.ban(RANGE, { for: "9d" });
    await state(hosts[0]!, released(RANGE));
    const policy = await opened(cloud, hosts[0]!);
    const later = Date.now() + 2 * 86_400_000;
    expect(policy.allowedAt(later)).toEqual([]);
    expect(policy.holdsAt(later)).toHaveLength(1);
    aheadMs = 2 * 86_400_000;
    using again = (await connectStating(cloud, hosts[0]!.who)).agent;
    const { policy: text } = await again.next("policy");
    const after = TrustedPolicy.open(text, cloud.root, "acme");
    expect(after.holdsAt(later)).toHaveLength(1);
  });

  it("is taken back by the org's people, and not held again", async () => {
    await using site = await statingHosts(["acme", "acme", "other"]);
    const { cloud, hosts } = site;
    const { decision } = await cloud.ban(RANGE);
    await state(hosts[0]!, released(RANGE));
    await heard(cloud, hosts[1]!);
    const ann = await letIn(cloud, {
      name: "ann",
      role: "approver",
      org: "acme",
    });
    const other = await letIn(cloud, {
      name: "bo",
      role: "approver",
      org: "other",
    });
    const path = `/orgs/acme/policy/holds/${decision}`;
    const unhold = (token: string) =>
      askAtDoor<object>(cloud, token, ["DELETE", path]);
    expect((await unhold(other.token)).status).toBe(404);
    expect(await unhold(ann.token)).toMatchObject({
      ...{ status: 200, body: { version: 2, publishedBy: "ann", holds: [] } },
    });
    expect((await heard(cloud, hosts[1]!)).holds).toBeUndefined();
    expect((await unhold(ann.token)).status).toBe(409);
    await state(hosts[1]!, released(RANGE));
    await site.answered();
    expect((await shown(cloud, "acme")).body).toMatchObject({ version: 2 });
  });

  it("is bounded by the day, and by ranges, and says what it does not hold", async () => {
    await using site = await statingHosts(["acme"]);
    const { cloud, hosts, log } = site;
    const list = Array.from(
      { length: 300 },
      (_, n) => `45.9.${n >> 8}.${n & 255}\n`,
    );
    await cloud.request("POST", "/api/v1/imports?feed=urgent", list.join(""));
    const position = positionAfter(await hosts[0]!.agent.nextSegment());
    await state(hosts[0]!, failed(position));
    await eventually(() => told(log, NOT_HELD)[0]);
    expect(told(log, NOT_HELD)).toMatchObject([
      { why: "it is of more than 256 ranges" },
    ]);
    for (let n = 1; n <= 9; n++) {
      await cloud.ban(`203.0.113.${n}`);
      await state(hosts[0]!, released(`203.0.113.${n}`));
    }
    await eventually(() => told(log, NOT_HELD)[1]);
    const { body } = await shown(cloud, "acme");
    expect(body).toMatchObject({ version: 8 });
    expect(body.holds.flatMap(({ ranges }) => ranges)).toHaveLength(8);
  });

  it("holds what took the place of what hurt them, but not what people banned since", async () => {
    const acme = ["acme", "acme", "acme", "acme"];
    await using site = await statingHosts([...acme, "other"]);
    const { cloud, hosts, log } = site;
    const { agent } = hosts[0]!;
    await cloud.ban(RANGE);
    const position = positionAfter(await agent.nextSegment());
    await cloud.ban(RANGE, { for: "2h", replace: true });
    await state(hosts[0]!, failed(position));
    await state(hosts[1]!, failed(position));
    const { holds = [] } = await heard(cloud, hosts[2]!);
    expect(holds).toMatchObject([{ feed: "urgent", ranges: [RANGE] }]);
    expect((holds[0]?.until ?? 0) - Date.now()).toBeLessThan(7_200_000);

    await cloud.ban(OTHER);
    await agent.nextSegment();
    const earlier = positionAfter(await agent.nextSegment());
    await state(hosts[0]!, failed(earlier));
    await cloud.ban(OTHER, { for: "2h", replace: true });
    // One of three is enough, and what it said is older than that ban.
    await revoke(cloud, hosts[3]!.who.agent);
    await site.answered();
    expect(told(log, NOT_HELD)).toMatchObject([
      { hosts: 1, why: "people banned it anew since" },
    ]);
    expect((await shown(cloud, "acme")).body).toMatchObject({ version: 1 });
  });

  it("is held nowhere where no host goes by policies, and told of those that do not", async () => {
    await using site = await statingHosts([]);
    const { cloud, log } = site;
    await using old = await connected(cloud, "old-1", []);
    await using _other = await connected(cloud, "old-2", []);
    await cloud.ban(RANGE);
    await state(old.host, released(RANGE));
    await site.answered();
    expect(told(log, NOT_HELD)).toMatchObject([
      { hosts: 1, why: "no host of it goes by policies" },
    ]);
    expect(await shown(cloud, "acme")).toMatchObject({ status: 404 });
    await using _new = await connected(cloud, "new-1", ["policy"]);
    await state(old.host, released(RANGE));
    await site.answered();
    expect(told(log, HELD)).toMatchObject([
      { version: 1, hostsWithoutPolicy: 2 },
    ]);
  });

  it("is its own affair where an org has one host alone", async () => {
    await using site = await statingHosts([]);
    const { cloud, log } = site;
    await using only = await connected(cloud, "only", ["policy"]);
    await cloud.ban(RANGE);
    await state(only.host, released(RANGE));
    await site.answered();
    expect(await shown(cloud, "acme")).toMatchObject({ status: 404 });
    expect([...told(log, HELD), ...told(log, NOT_HELD)]).toEqual([]);
  });

  it("gives what the org's people publish next no end of its own", async () => {
    await using site = await statingHosts(["acme"]);
    const { cloud, hosts } = site;
    for (const [range, lasts] of Object.entries({ [RANGE]: 1, [OTHER]: 2 })) {
      await cloud.ban(range, { for: `${lasts}h` });
      await state(hosts[0]!, released(range));
      await heard(cloud, hosts[0]!);
      expect(await hoursLeft(cloud)).toBe(lasts);
    }
    await publish(cloud, "version: 1\norg: acme\ngoodFor: 90d\n");
    expect(await hoursLeft(cloud)).toBe(90 * 24);
    expect((await shown(cloud, "acme")).body.holds).toHaveLength(2);
  });
});

interface Shown {
  readonly expiresAt: string;
  readonly version: number;
  readonly file: string;
  readonly holds: readonly { readonly ranges: readonly string[] }[];
}

const shown = (cloud: TestCloud, org: string) =>
  cloud.request<Shown>("GET", `/api/v1/orgs/${org}/policy`);

const hoursLeft = async (cloud: TestCloud): Promise<number> => {
  const { expiresAt } = (await shown(cloud, "acme")).body;
  return Math.round((Date.parse(expiresAt) - Date.now()) / 3_600_000);
};

/** A host of acme, and what it says that it can. */
async function connected(
  cloud: TestCloud,
  hostname: string,
  capabilities: readonly string[],
) {
  const who = await cloud.enrol("acme", hostname);
  const host = await connectStating(cloud, who, capabilities);
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      host.agent[Symbol.dispose]();
      await host.agent.ended;
    },
  };
}

async function publish(cloud: TestCloud, file: string): Promise<void> {
  const order = ["POST", "/orgs/acme/policy", { file }] as const;
  const { status } = await askAtDoor(cloud, cloud.operator, order);
  expect(status).toBe(201);
}

/** The next policy that the host is told, if it may go by it. */
async function opened(
  cloud: TestCloud,
  { who, agent }: StatingHost,
): Promise<TrustedPolicy> {
  const { policy } = await agent.next("policy");
  return TrustedPolicy.open(policy, cloud.root, who.org);
}

const heard = async (cloud: TestCloud, host: StatingHost): Promise<Policy> =>
  (await opened(cloud, host)).document;

/** What was said of acme with the message. */
const told = ({ lines, fields }: RecordingLogger, message: string) =>
  fields.filter(
    (said, n) => lines[n]?.endsWith(message) && said?.["org"] === "acme",
  );
