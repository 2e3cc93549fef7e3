import { describe, expect, it, jest } from "@jest/globals";
import type { WaitsTold } from "../../../cloud/cli/ask-bans.js";
import type { WeightItem } from "../../../cloud/cli/ask-orgs.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { operatorOf } from "../cli/operator.js";
import { detection } from "../telemetry/items.js";
import { DEFAULTS, decisionsOf } from "./past-stage.js";

jest.setTimeout(60_000);

const ATTACKER = "203.0.113.7";

/** A cloud of today with the usual settings, and a second admin. */
async function openStage() {
  const cloud = await startTestCloud({
    ...{ correlation: DEFAULTS, twoPersons: { flows: null } },
  });
  const bo = await letIn(cloud, { name: "bo", role: "admin" });
  const vouch = (org: string, body: object = {}) =>
    askAtDoor<WaitsTold & WeightItem>(cloud, cloud.operator, [
      ...(["POST", `/orgs/${org}/vouch`] as const),
      { why: "we have known them for years", ...body },
    ]);
  const release = (proposal: string, token = bo.token) =>
    askAtDoor<{ code?: string }>(cloud, token, [
      ...(["POST", `/proposals/${proposal}/release`, {}] as const),
    ]);
  return {
    ...{ cloud, bo, vouch, release },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

describe("a voucher", () => {
  it("lets a new vendor's rule decide on the first day", async () => {
    await using stage = await openStage();
    const { cloud } = stage;
    const hosts = await Promise.all(
      ["one", "two", "three"].map((org) => cloud.enrol(org)),
    );
    await report(cloud, hosts, "203.0.113.6");
    for (const { org } of hosts) {
      const { status, body } = await stage.vouch(org);
      expect([status, body.dangers.map(({ why }) => why)]).toEqual([
        ...[202, ["change"]],
      ]);
      expect((await stage.release(body.proposal)).status).toBe(201);
    }
    expect(await decisionsOf(cloud)).toEqual([]);
    await systemClock.sleep(1_100); // so long it knows what it looked up
    await report(cloud, hosts, ATTACKER);
    const [first] = await eventually(async () => {
      const decisions = await decisionsOf(cloud);
      return decisions.length > 0 ? decisions : undefined;
    });
    expect(first?.targets).toEqual([ATTACKER]);
  });

  it("is of two persons, both admins' or approvers', and of no machine", async () => {
    await using stage = await openStage();
    const { cloud } = stage;
    await cloud.addOrg("acme");
    const { proposal } = (await stage.vouch("acme")).body;
    const own = await stage.release(proposal, cloud.operator);
    expect([own.status, own.body.code]).toEqual([403, "same-person"]);
    expect(await weightOf(cloud, "acme")).toBe(0);
    const limits = { perMinute: 9, widestV4: 24, widestV6: 64, longestS: 60 };
    const machine = { name: "soar", role: "actuator", limits } as const;
    const { token } = await letIn(cloud, machine);
    const order = ["POST", "/orgs/acme/vouch", { why: "so" }] as const;
    expect((await askAtDoor(cloud, token, order)).status).toBe(403);
    const analyst = await letIn(cloud, { name: "ann", role: "analyst" });
    expect((await askAtDoor(cloud, analyst.token, order)).status).toBe(403);
    expect((await stage.release(proposal)).status).toBe(201);
    expect(await weightOf(cloud, "acme")).toBe(1);
  });

  it("is for an org that there is, and for a year at most", async () => {
    await using stage = await openStage();
    expect((await stage.vouch("nobody")).status).toBe(404);
    await stage.cloud.addOrg("acme");
    for (const term of ["366d", "permanent"]) {
      expect((await stage.vouch("acme", { for: term })).status).toBe(400);
    }
    const withdrawn = ["DELETE", "/orgs/acme/vouch"] as const;
    const { status } = await askAtDoor(
      ...([stage.cloud, stage.cloud.operator, withdrawn] as const),
    );
    expect(status).toBe(409);
  });

  it("waits, shows why, and is withdrawn by one, in the terminal", async () => {
    await using stage = await openStage();
    const { cloud } = stage;
    const run = operatorOf(cloud);
    await cloud.addOrg("acme");
    const asked = await run("vouch", "acme", "--why", "our own hosts");
    expect(asked.err).toMatch(/waits for a second person/);
    expect(asked.code).toBe(4);
    const [id = ""] = /prp-\w+/.exec(asked.out) ?? [];
    const shown = await run("proposals", "show", id);
    expect(shown.out).toContain("have the word of org acme count for 90 days");
    expect(shown.out).toContain('"why": "our own hosts"');
    await stage.release(id);
    const weights = await run("org", "weights");
    expect(weights.out).toMatch(/acme +1\.00 +vouched for by admin until 20/);
    const gone = ["vouch", "acme", "--withdraw", "--why", "sold"] as const;
    expect((await run(...gone)).out).toMatch(
      /^acme weighs 0\.00: 0 of 2 hosts/,
    );
    const audit = await run("audit");
    expect(audit.out).toContain("withdrew the vouch for acme");
  });
});

async function report(
  cloud: TestCloud,
  hosts: readonly Awaited<ReturnType<TestCloud["enrol"]>>[],
  source: string,
): Promise<void> {
  for (const host of hosts) {
    using agent = await TestAgent.connect(cloud, host);
    await agent.report(detection(source));
  }
}

async function weightOf(cloud: TestCloud, org: string) {
  type Weights = { items: WeightItem[] };
  const path = "/api/v1/org-weights";
  const { body } = await cloud.request<Weights>("GET", path);
  return body.items.find((each) => each.org === org)?.weight;
}
