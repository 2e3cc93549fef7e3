import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from "@jest/globals";
import type { WeightItem } from "../../../cloud/cli/ask-orgs.js";
import type { RulesTold } from "../../../cloud/cli/ask-proposals.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually } from "../../support/cloud/cloud.js";
import { connectStating, released, state } from "../../support/cloud/harm.js";
import type { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";
import { proposalsOf } from "./asking.js";
import {
  decisionsOf,
  honestOrgs,
  openStage,
  tellPast,
  type Hosts,
} from "./past-stage.js";

jest.setTimeout(60_000);

const VICTIM = "192.0.2.200";
const ATTACKER = "203.0.113.7";

/** Three orgs whose keys were stolen, and puppets that weigh a half in sum. */
const openWithPuppets = (maxPerMinute = 60) =>
  openStage(
    (past) => ({
      honest: honestOrgs(past, 4),
      stolen: [1, 2, 3].map((n) => stolenOrg(past, n)),
      puppets: Array.from({ length: 30 }, (_, n) =>
        past.org(`a-puppet${n}`, { hosts: 2, days: 40 - n / 100 }),
      ),
    }),
    { correlation: { maxPerMinute } },
  );

function stolenOrg(past: Past, n: number): Hosts {
  const hosts = past.org(`stolen${n}`, { hosts: 2, days: 300 });
  tellPast(past, hosts[0], "192.0.2");
  return hosts;
}

describe("puppets of little weight beside stolen orgs", () => {
  let stage: Awaited<ReturnType<typeof openWithPuppets>>;

  beforeEach(async () => {
    stage = await openWithPuppets(MOST_A_MINUTE);
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  it("lend them no room in the rate", async () => {
    const victims = sources("45.1.1", 16);
    const [one, two, three] = stage.stolen;
    for (const each of [one, two]) await reportAll(each, victims);
    for (const puppet of stage.puppets.slice(0, 3)) {
      await reportAll(puppet, victims.slice(0, 6));
    }
    for (const puppet of stage.puppets.slice(3, 6)) {
      await reportAll(puppet, victims.slice(6));
    }
    await reportAll(three, victims);
    // Of three who have their shares used up, none is banned any more.
    await until((targets) => targets.length >= 6);
    await stage.report(stage.honest.slice(0, 3), ATTACKER);
    await until((targets) => targets.includes(ATTACKER));
    expect(await targetsNow()).toHaveLength(6 + 1);
  });

  it("lend them no room in the table of proposals", async () => {
    const shared = sources("104.16.7", 120);
    const [one, two, three] = stage.stolen;
    for (const each of [one, two]) await reportAll(each, shared);
    for (const puppet of stage.puppets.slice(0, 3)) {
      await reportAll(puppet, shared.slice(0, 60));
    }
    for (const puppet of stage.puppets.slice(3, 6)) {
      await reportAll(puppet, shared.slice(60));
    }
    await reportAll(three, shared);
    await eventually(async () => {
      const path = "/api/v1/rules";
      const { body } = await stage.cloud.request<RulesTold>("GET", path);
      return body.unproposed === 20 || undefined;
    });
    expect(await proposalsOf(stage.cloud, "?limit=200")).toHaveLength(100);
  });

  it("take none of the blame from them", async () => {
    await stage.report([...stage.puppets, ...stage.stolen], VICTIM);
    const [decision] = await until((targets) => targets.includes(VICTIM));
    const order = { reason: "they scan nobody", wrong: true };
    const path = `/api/v1/decisions/${decision?.decision}/undo`;
    await stage.cloud.request("POST", path, order);
    const weights = await weightsOf(stage);
    expect(weights.get("stolen1")).toBeCloseTo(0.5 ** (3 / 3.5));
    expect(weights.get("honest1")).toBe(1);
  });

  it("lift with one of them no ban for everybody", async () => {
    const { decision } = await stage.cloud.ban(VICTIM);
    const [one] = stage.stolen;
    for (const hosts of [...stage.puppets, one]) await releases(hosts);
    type Told = { undone: readonly unknown[] };
    const path = `/api/v1/decisions/${decision}`;
    const { body } = await stage.cloud.request<Told>("GET", path);
    expect(body.undone).toEqual([]);
  });

  async function reportAll(
    hosts: Hosts | undefined,
    from: readonly string[],
  ): Promise<void> {
    const [who] = hosts ?? [];
    if (who === undefined) throw new Error("there is no such org");
    using agent = await TestAgent.connect(stage.cloud, who);
    for (let at = 0; at < from.length; at += 60) {
      const some = from.slice(at, at + 60).map((each) => detection(each));
      await agent.report(...some);
    }
  }

  const targetsNow = async () =>
    (await decisionsOf(stage.cloud)).flatMap(({ targets }) => targets);

  const until = (so: (targets: readonly string[]) => boolean) =>
    eventually(async () => {
      const decisions = await decisionsOf(stage.cloud);
      return so(decisions.flatMap(({ targets }) => targets))
        ? decisions
        : undefined;
    });

  /** States that its operator released the victim; its org is told a hold for that. */
  async function releases(hosts: Hosts | undefined): Promise<void> {
    const [who] = hosts ?? [];
    if (who === undefined) throw new Error("there is no such org");
    const host = await connectStating(stage.cloud, who);
    using agent = host.agent;
    await state(host, released(VICTIM));
    await agent.next("policy");
  }
});

const MOST_A_MINUTE = 8;

const sources = (net: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${net}.${n + 1}`);

async function weightsOf({
  cloud,
}: Awaited<ReturnType<typeof openWithPuppets>>) {
  const path = "/api/v1/org-weights";
  type Weights = { items: readonly WeightItem[] };
  const { body } = await cloud.request<Weights>("GET", path);
  return new Map(body.items.map(({ org, weight }) => [org, weight]));
}
