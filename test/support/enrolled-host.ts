import { startAgent, type Agent } from "../../agent/agent.js";
import { systemClock } from "../../agent/clock.js";
import { parseConfig } from "../../agent/config/config.js";
import { openBoot } from "../../agent/host/boot.js";
import { silentLogger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { decodeToken } from "../../agent/protocol/enrolment.js";
import type { AgentOptions } from "../../agent/power.js";
import { enrol } from "../../service/enrol.js";
import {
  keepRoot,
  makeKey,
  readIdentity,
  writeIdentity,
} from "../../service/identity-store.js";
import { until } from "./clock.js";
import type { TestCloud } from "./cloud.js";

/** Lets a host of an org in, whose identity lies in the folder then. */
export async function settle(
  cloud: TestCloud,
  stateDir: string,
  org?: string,
): Promise<void> {
  const owner = org ?? (await cloud.addOrg("example"));
  const token = decodeToken(await cloud.token(owner));
  const deviceKey = makeKey(stateDir);
  const inventory = { hostname: "host.example", system: "Linux" };
  const rest = { inventory, version: "0.0.0", caFile: undefined };
  writeIdentity(stateDir, await enrol({ token, deviceKey, ...rest }));
}

/** An agent that only pretends to enforce, as its process would start it. */
export async function startIn(
  stateDir: string,
  { log = silentLogger, ...more }: Partial<AgentOptions> = {},
): Promise<Agent> {
  const stored = readIdentity(stateDir);
  return startAgent({
    config: parseConfig({ stateDir, enforce: { backend: "dry-run" } }, "test"),
    ...stored,
    keepRoot: (root, fingerprint) =>
      keepRoot(stateDir, stored.identity, { root, fingerprint }),
    ...{ ca: undefined, version: "0.0.0", platform: "linux" },
    ...{ clock: systemClock, boot: await openBoot("/nowhere") },
    ...{ log, random: Math.random },
    ...more,
  });
}

export const connected = (agent: Agent): Promise<void> =>
  until("the agent is connected", () => agent.link.state.at === "up", 15_000);

export const enforces = (agent: Agent, range: string): Promise<void> =>
  until(
    `${range} is banned`,
    async () => {
      const [held] = await agent.enforcer.holds([parseCidr(range)]);
      return held === true;
    },
    15_000,
  );
