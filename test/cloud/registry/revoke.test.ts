import { describe, expect, it } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import { readIdentity } from "../../../service/identity/identity-store.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import {
  enforces,
  settle,
  startIn,
} from "../../support/agent/enrolled-host.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

describe("a host that its cloud revoked", () => {
  it("is sent away at once, keeps its bans, says why, and comes back rarely", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    const log = new RecordingLogger();
    await using agent = await startIn(folder.path, { log });
    await cloud.ban("203.0.113.1");
    await enforces(agent, "203.0.113.1");
    await revokeIn(cloud, folder.path);
    await knowsThatItIsRevoked(agent, log);
    await enforces(agent, "203.0.113.1");
    await expect(agent.rekeying.rekey()).rejects.toThrow("not connected");
  });

  it("hears of it when it comes back, and starts with its bans", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    {
      await using agent = await startIn(folder.path);
      await cloud.ban("203.0.113.1");
      await enforces(agent, "203.0.113.1");
    }
    await revokeIn(cloud, folder.path);
    const log = new RecordingLogger();
    await using agent = await startIn(folder.path, { log });
    await knowsThatItIsRevoked(agent, log);
    await enforces(agent, "203.0.113.1");
  });
});

const revokeIn = async (cloud: TestCloud, stateDir: string): Promise<void> =>
  revoke(cloud, readIdentity(stateDir).identity.agent);

async function knowsThatItIsRevoked(
  { link }: Agent,
  log: RecordingLogger,
): Promise<void> {
  const why = () => (link.state.at === "down" ? link.state.why : "");
  await until("it is revoked", () => why().startsWith("revoked"), 15_000);
  expect(why()).toBe(
    "revoked by the cloud; its bans end as they expire; enrol anew",
  );
  const told = log.fields.find((each) => each?.["retryInMs"] !== undefined);
  expect(told?.["retryInMs"]).toBeGreaterThanOrEqual(30 * 60_000);
  expect(String(told?.["why"])).toContain("revoked by the cloud");
}
