import { expect, type Case } from "../case.js";
import { until } from "../../lab/run.js";
import type { Stage } from "../stage.js";

/** What stops, dies and comes back. */
export const processes: readonly Case[] = [
  {
    name: "a cloud that stops sends its agents away, and has them back",
    holds: drained,
  },
  { name: "a cloud that died has its agents back", holds: cloudKilled },
  {
    name: "bans stay in the kernel while the agent is dead, and after",
    holds: agentKilled,
  },
  {
    name: "what a dead agent missed is in force once it is back",
    holds: missed,
  },
];

async function drained(stage: Stage): Promise<void> {
  await stage.stopCloud("SIGTERM");
  await until("the link is not up", async () =>
    (await stage.host.status()).cloud.at === "up" ? undefined : true,
  );
  await stage.lab.serve(stage.cloud);
  await stage.untilConnected(true, 150_000);
  await inForce(stage, "198.18.9.1");
}

async function cloudKilled(stage: Stage): Promise<void> {
  await stage.stopCloud("SIGKILL");
  await stage.lab.serve(stage.cloud);
  await stage.untilConnected();
  await inForce(stage, "198.18.9.2");
}

async function agentKilled(stage: Stage): Promise<void> {
  await inForce(stage, "198.18.9.3");
  await stage.stopAgent("SIGKILL");
  expect("dropped", await stage.drops("198.18.9.3"), true);
  await stage.lab.startAgent(stage.host);
  expect("dropped after", await stage.drops("198.18.9.3"), true);
  await stage.untilConnected();
}

async function missed(stage: Stage): Promise<void> {
  await stage.stopAgent("SIGKILL");
  await stage.ban(["198.18.9.4"]);
  await stage.lift(["198.18.9.3"]);
  await stage.lab.startAgent(stage.host);
  await stage.untilDropped("198.18.9.4");
  await stage.untilDropped("198.18.9.3", false);
}

/** A fresh ban drops, and the cloud has the receipt. */
export async function inForce(stage: Stage, address: string): Promise<void> {
  const made = await stage.ban([address]);
  await stage.untilDropped(address);
  await stage.receiptOf(made);
}
