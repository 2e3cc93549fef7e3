import { startAgent, type Agent } from "../../../agent/agent.js";
import { parseConfig } from "../../../agent/config/config.js";
import type { AgentOptions } from "../../../agent/core.js";
import { openBoot } from "../../../agent/host/boot.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { decodeToken } from "../../../agent/protocol/enrolment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { Lifetime } from "../../../agent/runtime/lifetime.js";
import { enrol } from "../../../service/identity/enrol.js";
import {
  makeKey,
  keepRoot,
  readIdentity,
  writeIdentity,
} from "../../../service/identity/identity-store.js";
import type { TestCloud } from "../cloud/cloud.js";
import { TestFolder } from "../folder.js";
import { until } from "../time/clock.js";

/** Lets a host in, whose identity lies in the folder then. */
export const settle = async (
  cloud: TestCloud,
  stateDir: string,
): Promise<void> =>
  settleBy(await cloud.token(await cloud.addOrg("example")), stateDir);

/** The same by a token that is at hand. */
export async function settleBy(token: string, stateDir: string): Promise<void> {
  const deviceKey = makeKey(stateDir);
  const inventory = { hostname: "host.example", system: "Linux" };
  const way = { ca: undefined, proxy: undefined };
  const rest = { inventory, version: "0.4.0", way };
  const asked = { token: decodeToken(token), deviceKey, ...rest };
  const { identity } = await enrol(asked);
  writeIdentity(stateDir, identity);
}

/** An agent that only pretends to enforce, as its process would start it. */
export async function startIn(
  stateDir: string,
  more: Partial<AgentOptions> = {},
  settings: object = {},
): Promise<Agent> {
  const stored = readIdentity(stateDir);
  const enforce = { backend: "dry-run" };
  return startAgent({
    config: parseConfig({ stateDir, enforce, ...settings }, "test"),
    ...stored,
    keepRoot: (root, fingerprint) =>
      keepRoot(stateDir, stored.identity, { root, fingerprint }),
    way: { ca: undefined, proxy: undefined },
    ...{ version: "0.4.0", platform: "linux" },
    clock: systemClock,
    boot: await openBoot("/nowhere"), // so that it begins now
    log: silentLogger,
    random: Math.random,
    ...more,
  });
}

/** A host of the org that was let in just now, and is connected. */
export async function hostIn(org: string, cloud: TestCloud, opened: Lifetime) {
  const { path } = opened.own(new TestFolder());
  await settleBy(await cloud.token(org), path);
  return { path, agent: await connectedIn(path, opened) };
}

/** The agent of a host whose identity lies in the folder. */
export async function connectedIn(
  stateDir: string,
  opened: Lifetime,
): Promise<Agent> {
  const agent = opened.own(await startIn(stateDir));
  await connected(agent);
  return agent;
}

export const connected = (agent: Agent): Promise<void> =>
  until("the agent is connected", () => agent.link.state.at === "up", 15_000);

export const enforces = (agent: Agent, range: string): Promise<void> =>
  until(`${range} is banned`, () => bans(agent, range), 15_000);

export const bans = async (
  { enforcer }: Agent,
  range: string,
): Promise<boolean> => (await enforcer.hasBan([parseCidr(range)]))[0] === true;
