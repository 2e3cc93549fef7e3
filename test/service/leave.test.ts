import { expect, it } from "@jest/globals";
import { readIdentity } from "../../service/identity/identity-store.js";
import { settle } from "../support/agent/enrolled-host.js";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { until } from "../support/time/clock.js";

it("a host says goodbye once its agent was stopped, and is back when it runs", async () => {
  await using cloud = await startTestCloud();
  using host = new HostProcess();
  await settle(cloud, host.stateDir);
  const { agent } = readIdentity(host.stateDir).identity;
  const is = (state: string) =>
    until(`it is ${state}`, async () => {
      const path = `/api/v1/agents/${agent}`;
      const { body } = await cloud.request<{ state: string }>("GET", path);
      return body.state === state;
    });
  {
    await using _agent = host.run();
    await host.connected();
    const early = await host.tourniquet("leave");
    expect(early.code).toBe(1);
    expect(early.stderr).toContain("stop it first");
  }
  await is("offline");
  const told = await host.tourniquet("leave");
  expect(told.stderr).toBe("");
  expect(told.stdout).toContain(`knows that ${agent} has left`);
  await is("left");
  await using _agent = host.run();
  await host.connected();
  await is("online");
}, 120_000);

it("a host without a cloud has nobody to tell, and says what was not heard", async () => {
  using host = new HostProcess();
  const alone = await host.tourniquet("leave");
  expect([alone.code, alone.stdout]).toEqual([
    0,
    "this host has no cloud that is to be told\n",
  ]);
  const cloud = await startTestCloud();
  await settle(cloud, host.stateDir);
  await cloud[Symbol.asyncDispose]();
  const unheard = await host.tourniquet("leave");
  expect(unheard.code).toBe(1);
  expect(unheard.stderr).toMatch(/cannot reach/);
}, 120_000);
