import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Namespace } from "../../scripts/lab/namespace.js";
import { serve } from "../../scripts/lab/prober.js";
import { HostProcess } from "../support/agent/host-process.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { TestFolder } from "../support/folder.js";
import { until } from "../support/time/clock.js";

const [HOST, ATTACKER, PORT] = ["10.11.0.1", "10.11.0.2", 7_000];

describeInNamespace("a host without a cloud that is attacked", () => {
  const world = new Lifetime();
  let kernel: Enforcer;
  let attacker: Namespace;
  let host: HostProcess;
  let log: string;

  beforeAll(async () => {
    kernel = world.own(await openNftables(systemBanClock));
    world.defer(() => kernel.cleanUp());
    world.own(await serve(PORT));
    const [here, there] = [[`${HOST}/24`], [`${ATTACKER}/24`]];
    attacker = world.own(await Namespace.linked({ here, there }, PORT));
    const { path } = world.own(new TestFolder());
    log = join(path, "auth.log");
    writeFileSync(log, "");
    const config = [
      `stateDir: ${join(path, "state")}`,
      `controlSocket: ${join(path, "control.sock")}`,
      "guard: { private: allow-bans }",
      `sensors: { sshd: { source: { file: ${log}, onlySshd: true } } }`,
    ];
    host = new HostProcess(config.join("\n"));
    world.defer(() => host[Symbol.dispose]());
  });

  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it("bans by its own log, in the kernel, and by its operator's order", async () => {
    await host.tourniquet("enable", "--standalone");
    await using _agent = host.run();
    await until("the sensor reads", async () => {
      const { stdout } = await host.tourniquet("status");
      return stdout.includes(`reads ${log}`);
    });
    const attempt = { protocol: "tcp", to: HOST, port: PORT } as const;
    expect(await attacker.reaches(attempt)).toBe(true);
    for (let i = 0; i < 5; i += 1) appendFileSync(log, failure(i));
    await until("the attacker is banned", () => holds(ATTACKER));
    expect(await attacker.reaches(attempt)).toBe(false);

    const ordered = await host.tourniquet("ban", "192.0.2.7", "--for", "1h");
    expect(ordered.stderr).toBe("");
    expect(await holds("192.0.2.7")).toBe(true);
    const check = await host.tourniquet("status", "--check");
    expect(check.stdout).not.toMatch(/cloud/);
  });

  const holds = async (range: string): Promise<boolean> => {
    await kernel.read();
    return (await kernel.hasBan([parseCidr(range)]))[0] === true;
  };
});

const failure = (i: number): string =>
  `${new Date().toISOString()} host sshd[${1_000 + i}]: Failed password for root from ${ATTACKER} port ${40_000 + i} ssh2\n`;
