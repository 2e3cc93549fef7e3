import { until } from "../../lab/run.js";
import { expect, type Case } from "../case.js";
import type { Stage } from "../stage.js";
import { inForce } from "./processes.js";

/** The last: afterwards the agent is nobody. */
export const departures: readonly Case[] = [
  {
    name: "an agent that is revoked is turned away, and its bans stay",
    holds: revoked,
  },
];

async function revoked(stage: Stage): Promise<void> {
  await inForce(stage, "198.18.10.1");
  const { id } = await stage.agent();
  await stage.order("revoke", id);
  await stage.untilConnected(false);
  const link = await until("the agent knows why", async () => {
    const { cloud } = await stage.host.status();
    return cloud.why?.includes("revoked") ? cloud : undefined;
  });
  expect("the link is up", link.at === "up", false);
  await stage.ban(["198.18.10.2"]);
  await stage.stopAgent();
  await stage.lab.startAgent(stage.host);
  await until("it was turned away again", async () =>
    (await stage.host.status()).cloud.why?.includes("revoked")
      ? true
      : undefined,
  );
  expect("what it had", await stage.drops("198.18.10.1"), true);
  expect("what came later", await stage.drops("198.18.10.2"), false);
}
