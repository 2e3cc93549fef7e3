import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { Namespace } from "../../scripts/lab/namespace.js";
import { serve } from "../../scripts/lab/prober.js";
import { until } from "../../scripts/lab/run.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const HOST = { 4: "10.9.0.1", 6: "2001:db8:9::1" };
const ATTACKER = { 4: "10.9.0.2", 6: "2001:db8:9::2" };
const PORT = 7_000;

describeInNamespace("a host that is attacked", () => {
  const world = new Lifetime();
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;
  let kernel: Enforcer;
  let attacker: Namespace;
  let log: string;
  let pid = 1_000;

  beforeAll(async () => {
    kernel = world.own(await openNftables(systemBanClock));
    world.defer(() => kernel.cleanUp());
    world.own(await serve(PORT));
    const here = [`${HOST[4]}/24`, `${HOST[6]}/64`];
    const there = [`${ATTACKER[4]}/24`, `${ATTACKER[6]}/64`];
    attacker = world.own(await Namespace.linked({ here, there }, PORT));
    lab = world.own(new Lab());
    cloud = await lab.startCloud({ port: 18_451 });
    log = join(lab.folder, "auth.log");
    writeFileSync(log, line("203.0.113.99").repeat(50));
    const sensors = { sshd: { source: { file: log, onlySshd: true } } };
    host = await lab.startHost(cloud, "host", { config: { sensors } });
    await until("the sensor reads", () =>
      Promise.resolve(agentSaid(/a sensor reads/) || undefined),
    );
  });

  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it.each([4, 6] as const)(
    "drops an IPv%i attacker's packets once it has failed five times",
    async (family) => {
      const attempt = {
        protocol: "tcp",
        to: HOST[family],
        port: PORT,
      } as const;
      fail(ATTACKER[family], 4);
      await systemClock.sleep(100);
      expect(await attacker.reaches(attempt)).toBe(true);
      fail(ATTACKER[family], 1);
      await held(ATTACKER[family]);
      expect(await attacker.reaches(attempt)).toBe(false);
    },
  );

  it("does not ban for what was in the log before it started", async () => {
    expect(await kernel.hasBan([parseCidr("203.0.113.99")])).toEqual([false]);
  });

  it("holds a ban on this host itself", async () => {
    fail(HOST[4], 5);
    await until("it is told", () =>
      Promise.resolve(agentSaid(/"?rule"?[=:] ?"?this-host/) || undefined),
    );
    expect(await kernel.hasBan([parseCidr(HOST[4])])).toEqual([false]);
  });

  it("keeps its own bans to itself, through a restart and beside the cloud's", async () => {
    fail("203.0.113.7", 5);
    await held("203.0.113.7");
    await stop();
    await lab.startAgent(host);
    await cloud.api("POST", "/api/v1/bans", { range: "192.0.2.7", for: "1h" });
    await held("192.0.2.7");
    await held("203.0.113.7");
    await until("the receipt", async () => {
      const path = "/api/v1/receipts?feed=urgent&offset=1";
      const found = await cloud.api<{ items: unknown[] }>("GET", path);
      return found.items[0];
    });
    expect((await host.status()).cloud.at).toBe("up");
    expect(agentSaid(/no connection to the cloud/)).toBe(false);
  });

  it("bans hundreds of attackers of one moment", async () => {
    const many = Array.from({ length: 500 }, (_, i) => `198.18.1.${i % 250}`);
    const distinct = [...new Set(many)];
    appendFileSync(
      log,
      distinct
        .flatMap((from) => Array.from({ length: 5 }, () => line(from)))
        .join(""),
    );
    const cidrs = distinct.map(parseCidr);
    await until("all of them", async () => {
      await kernel.read();
      return (await kernel.hasBan(cidrs)).every(Boolean) || undefined;
    });
  });

  function line(from: string): string {
    const rest = `Failed password for root from ${from} port 22 ssh2`;
    return `${new Date().toISOString()} host sshd[${pid++}]: ${rest}\n`;
  }

  function fail(from: string, times: number): void {
    for (let i = 0; i < times; i++) appendFileSync(log, line(from));
  }

  /** Waits until the kernel drops the address, alone or with its /64. */
  async function held(address: string): Promise<void> {
    await until(`${address} is in the kernel`, async () => {
      await kernel.read();
      const [is] = await kernel.hasBan([parseCidr(address)]);
      return is === true ? true : undefined;
    });
  }

  function agentSaid(what: RegExp): boolean {
    return what.test(readFileSync(host.log, "utf8"));
  }

  async function stop(): Promise<void> {
    host.process?.kill("SIGTERM");
    await host.process?.ended;
  }
});
