import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { Namespace, sh } from "../../scripts/lab/namespace.js";
import { serve } from "../../scripts/lab/prober.js";
import type { WhyView } from "../../service/control/why-view.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

/** Of a trial, in seconds. */
const LASTS = 12;

/** The cloud, at the far end of a tunnel; its packets go to the tunnel's end. */
const CLOUD = "198.51.100.1";
const TUNNEL_END = "203.0.113.1";
const PORT = 7000;

describeInNamespace("a change that is large or wide", () => {
  const opened = new Lifetime();
  let there: Namespace;
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;

  beforeAll(async () => {
    opened.own(await serve(PORT));
    const addresses = {
      here: ["192.0.2.1/24", `${TUNNEL_END}/32`],
      there: ["192.0.2.2/24"],
    };
    there = opened.own(await Namespace.linked(addresses, PORT));
    await there.sh(`ip route add ${TUNNEL_END}/32 dev eth0`);
    opened.defer(() => sh("ip link delete tq-tunnel").then(() => undefined));
    await sh(tunnel({ own: TUNNEL_END, other: "192.0.2.2", inner: CLOUD }));
    await there.sh(
      tunnel({ own: "192.0.2.2", other: TUNNEL_END, inner: "198.51.100.2" }),
    );
    lab = opened.own(new Lab());
    const settings = { heartbeatMs: 1_000 };
    cloud = await lab.startCloud({ port: 18_470, address: CLOUD, settings });
    host = await lab.startHost(cloud, "host", {
      netns: there.pid,
      config: {
        guard: { private: "allow-bans", trial: { lasts: `${LASTS}s` } },
      },
    });
    await until(
      "the link is up",
      async () => (await host.status()).cloud.at === "up",
    );
  });

  afterAll(() => opened[Symbol.asyncDispose](), 30_000);

  it("stays once the host was seen to live on with it", async () => {
    await ban("192.0.3.0/24", "192.0.4.0/22");
    await until("it is on trial", async () => (await trials()).length === 1);
    await until(
      "it has passed",
      async () => (await trials()).length === 0,
      LASTS * 1_000,
    );
    expect(await held()).toEqual([]);
    expect(await isDropped("192.0.4.1")).toBe(true);
  });

  it("that cuts the uplink is taken back in time, held and reported", async () => {
    await ban("203.0.112.0/22");
    await until("the uplink is cut", async () => !(await reachesCloud()));
    const cutAt = performance.now();
    await until("it is back", reachesCloud, LASTS * 1_000 + 1_000);
    expect(performance.now() - cutAt).toBeLessThan(LASTS * 1_000 + 1_000);
    await until("it is held", async () => (await held()).length === 1);
    expect(await held()).toEqual(["203.0.112.0/22 not-confirmed"]);
    await until("the cloud has heard of it", isReported, 60_000);
  });

  it("is taken back by the kernel alone, should the agent die of it", async () => {
    await order("lifts", { ranges: ["203.0.112.0/22"] });
    await until("the lift is there", async () => (await held()).length === 0);
    await ban("203.0.112.0/22");
    await until("the uplink is cut", async () => !(await reachesCloud()));
    const cutAt = performance.now();
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    await until("it is back", reachesCloud, LASTS * 1_000 + 1_000);
    expect(performance.now() - cutAt).toBeLessThan(LASTS * 1_000 + 1_000);
  });

  const ban = (...ranges: string[]) =>
    order("bans", { ranges, for: "1h", reason: "test" });

  const order = (what: string, body: object) =>
    cloud.api("POST", `/api/v1/${what}`, body);

  const reachesCloud = () =>
    there.reaches({ protocol: "tcp", to: CLOUD, port: PORT });

  const trials = async () => (await host.status()).trials;

  async function held(): Promise<string[]> {
    const bans =
      await host.ask<{ range: string; held: string }[]>("/v1/bans?held");
    return bans.map(({ range, held: rule }) => `${range} ${rule}`);
  }

  async function isDropped(address: string): Promise<boolean> {
    const path = `/v1/why?range=${address}`;
    return (await host.ask<WhyView>(path)).dropped === "yes";
  }

  async function isReported(): Promise<boolean> {
    const agents = await cloud.api<unknown>("GET", "/api/v1/agents");
    return JSON.stringify(agents).includes("change-taken-back");
  }
});

/** One end of a VXLAN: what goes through it travels as UDP to the other. */
const tunnel = (at: { own: string; other: string; inner: string }) =>
  [
    `ip link add tq-tunnel type vxlan id 7 dstport 4789 local ${at.own} remote ${at.other}`,
    `ip address add ${at.inner}/24 dev tq-tunnel`,
    "ip link set tq-tunnel up",
  ].join("; ");
