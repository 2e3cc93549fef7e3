import { describe, expect, it } from "@jest/globals";
import { startAgent, type Agent } from "../../../agent/agent.js";
import { systemClock } from "../../../agent/clock.js";
import { parseConfig } from "../../../agent/config/config.js";
import { openBoot } from "../../../agent/host/boot.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { decodeToken } from "../../../agent/protocol/enrolment.js";
import { enrol } from "../../../service/enrol.js";
import {
  makeKey,
  keepRoot,
  readIdentity,
  writeIdentity,
} from "../../../service/identity-store.js";
import { until } from "../../support/clock.js";
import { startTestCloud, type TestCloud } from "../../support/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { renewed } from "../../support/rotation.js";

describe("an agent whose cloud renews its keys", () => {
  it("switches while it runs, and catches up after it was away", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    {
      await using agent = await start(folder.path);
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
    await using again = await start(folder.path);
    await enforces(again, "203.0.113.3");
    expect(again.trust.roots.current.fingerprint).toBe(
      cloud.signing.root.fingerprint,
    );
    const [left, there] = [readIdentity(folder.path), cloud.signing.newest];
    expect(left.identity.root).toEqual(there);
  }, 30_000);
});

/** Lets a host in, whose identity lies in the folder then. */
async function settle(cloud: TestCloud, stateDir: string): Promise<void> {
  const token = decodeToken(await cloud.token(await cloud.addOrg("example")));
  const deviceKey = makeKey(stateDir);
  const inventory = { hostname: "host.example", system: "Linux" };
  const rest = { inventory, version: "0.0.0", caFile: undefined };
  writeIdentity(stateDir, await enrol({ token, deviceKey, ...rest }));
}

/** An agent that only pretends to enforce, as its process would start it. */
async function start(stateDir: string): Promise<Agent> {
  const { identity, deviceKey } = readIdentity(stateDir);
  return startAgent({
    config: parseConfig({ stateDir, enforce: { backend: "dry-run" } }, "test"),
    ...{ identity, deviceKey },
    keepRoot: (root, fingerprint) =>
      keepRoot(stateDir, identity, { root, fingerprint }),
    ...{ ca: undefined, version: "0.0.0", platform: "linux" },
    ...{ clock: systemClock, boot: await openBoot("/nowhere") },
    ...{ log: silentLogger, random: Math.random },
  });
}

async function enforces(agent: Agent, range: string): Promise<void> {
  await until(`${range} is banned`, async () => {
    const [held] = await agent.enforcer.holds([parseCidr(range)]);
    return held === true;
  });
}
