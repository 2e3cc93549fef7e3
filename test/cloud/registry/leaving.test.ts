import { describe, expect, it } from "@jest/globals";
import { generateKey, type SigningKey } from "../../../agent/trust/keys.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { until } from "../../support/time/clock.js";

describe("a goodbye", () => {
  it("makes a host one that left, until it comes again", async () => {
    await using cloud = await startTestCloud();
    const host = await cloud.enrol();
    expect(await seen(cloud, host)).toMatchObject({
      ...{ state: "offline", leftAt: null },
    });
    expect((await leave(cloud, host)).status).toBe(200);
    await is(cloud, host, "left");
    const { leftAt } = await seen(cloud, host);
    expect(typeof leftAt).toBe("string");
    expect((await leave(cloud, host)).status).toBe(200);
    expect((await seen(cloud, host)).leftAt).toBe(leftAt);
    expect(await listed(cloud, "state=offline")).toEqual([]);
    expect(await listed(cloud, "q=state:left")).toEqual([host.agent]);

    {
      using _agent = await TestAgent.connect(cloud, host);
      await is(cloud, host, "online");
      await until("it is back", async () => {
        return (await seen(cloud, host)).leftAt === null;
      });
    }
    await is(cloud, host, "offline");
  }, 60_000);

  it("is nobody else's to say, and of no other time and cloud", async () => {
    await using cloud = await startTestCloud();
    const host = await cloud.enrol();
    const forged = await leave(cloud, host, {}, generateKey());
    expect([forged.status, forged.body]).toMatchObject([
      403,
      { error: "bad-proof" },
    ]);
    const stranger = await leave(cloud, { ...host, agent: "agt-nobody" });
    expect(stranger.status).toBe(403);
    const elsewhere = await leave(cloud, host, { cloud: "another" });
    expect(elsewhere.status).toBe(400);
    const old = await leave(cloud, host, { time: Date.now() - 3_600_000 });
    expect(old.status).toBe(400);
    const { status } = await cloud.request("POST", "/v1/leave", { signed: "" });
    expect(status).toBe(400);
    await revoke(cloud, host.agent);
    expect((await leave(cloud, host)).status).toBe(403);
    expect((await seen(cloud, host)).leftAt).toBeNull();
  }, 60_000);
});

interface Seen {
  readonly id: string;
  readonly state: string;
  readonly leftAt: string | null;
}

const seen = async (cloud: TestCloud, { agent }: Enrolled): Promise<Seen> =>
  (await cloud.request<Seen>("GET", `/api/v1/agents/${agent}`)).body;

const is = (cloud: TestCloud, host: Enrolled, state: string): Promise<void> =>
  until(
    `it is ${state}`,
    async () => (await seen(cloud, host)).state === state,
  );

async function listed(cloud: TestCloud, query: string) {
  const path = `/api/v1/agents?${query}`;
  const { body } = await cloud.request<{ items: readonly Seen[] }>("GET", path);
  return body.items.map(({ id }) => id);
}

function leave(
  cloud: TestCloud,
  { agent, cloud: name, key }: Enrolled,
  more: object = {},
  signer: SigningKey = key,
) {
  const leaving = { agent, cloud: name, time: Date.now(), ...more };
  const body = signAsDevice("leaving", leaving, signer);
  return cloud.request("POST", "/v1/leave", body);
}
