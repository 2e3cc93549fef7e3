import { describe, expect, it } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { readIdentity } from "../../../service/identity/identity-store.js";
import { settleBy, startIn } from "../../support/agent/enrolled-host.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { renewed } from "../../support/cloud/rotation.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

describe("an agent whose cloud renews its keys", () => {
  it("switches while it runs, and catches up after it was away", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud({ v1Agents: true });
    const token = await cloud.token(await cloud.addOrg("example"));
    await settleBy(token, folder.path);
    {
      await using agent = await startIn(folder.path);
      await cloud.ban("203.0.113.1");
      await enforces(agent, "203.0.113.1");
      await renewed(cloud);
      await cloud.ban("203.0.113.2");
      await enforces(agent, "203.0.113.2");
      expect(agent.trust.roots.current.document.version).toBe(2);
      expect(agent.link.state.at).toBe("up");
    }
    expect(readIdentity(folder.path).identity.root).toEqual(
      cloud.signing.newest,
    );

    await renewed(cloud);
    await cloud.ban("203.0.113.3");
    await renewed(cloud);
    await using again = await startIn(folder.path);
    await enforces(again, "203.0.113.3");
    expect(again.trust.roots.current.fingerprint).toBe(
      cloud.signing.root.fingerprint,
    );
    const [left, there] = [readIdentity(folder.path), cloud.signing.newest];
    expect(left.identity.root).toEqual(there);
  });
});

async function enforces(agent: Agent, range: string): Promise<void> {
  await until(`${range} is banned`, async () => {
    const [held] = await agent.enforcer.hasBan([parseCidr(range)]);
    return held === true;
  });
}
