import type { Agent } from "../../../agent/agent.js";
import type { AgentOptions } from "../../../agent/core.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { TestCloud } from "../cloud/cloud.js";
import { until } from "../time/clock.js";
import * as host from "./cloud-agent.js";

/** Lets a host in, whose identity lies in the folder then. */
export const settle = async (
  cloud: TestCloud,
  stateDir: string,
): Promise<void> =>
  host.settle(stateDir, await cloud.token(await cloud.addOrg("example")));

/** An agent that only pretends to enforce, with something else than usual. */
export const startIn = (
  stateDir: string,
  more?: Partial<AgentOptions>,
): Promise<Agent> => host.startIn(stateDir, {}, more);

export const connected = (agent: Agent): Promise<void> =>
  until("the agent is connected", () => agent.link.state.at === "up", 15_000);

export const enforces = (agent: Agent, range: string): Promise<void> =>
  until(
    `${range} is banned`,
    async () => {
      const [held] = await agent.enforcer.hasBan([parseCidr(range)]);
      return held === true;
    },
    15_000,
  );
