import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { readIdentity } from "../../service/identity/identity-store.js";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud } from "../support/cloud/cloud.js";

describe("an agent that is killed while its key changes", () => {
  it("has a key that its cloud takes, whenever that was", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    const token = host.folder.file("token", await cloud.token(org));
    await host.tourniquet("enrol", "--token-file", token);
    const { agent } = readIdentity(host.stateDir).identity;
    for (const afterMs of [0, 2, 4, 6, 10, 15]) {
      await using running = host.run();
      await host.connected();
      const ordered = host.order("/v1/rekey");
      await sleep(afterMs);
      await running.kill();
      await ordered;
    }
    await using _running = host.run();
    await host.connected();
    const settled = readIdentity(host.stateDir).identity;
    expect(settled.agent).toBe(agent);
    expect(settled.nextKey).toBeUndefined();
  });
});
