import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Case } from "../case.js";
import type { Stage } from "../stage.js";

/** Keys, roots and approvals. */
export const keys: readonly Case[] = [
  {
    name: "a wide ban is held until an approval's time for the host's ring",
    holds: approved,
  },
  { name: "a host changes its device key, and goes on", holds: rekeyed },
  {
    name: "a renewed root is followed by a host that is connected",
    holds: renewed,
  },
  {
    name: "a host that was away follows the roots that it missed",
    holds: renewedAway,
  },
];

async function approved(stage: Stage): Promise<void> {
  const wide = "198.18.0.0/15";
  const made = await stage.ban([wide], { feed: "org/acme", for: "90s" });
  const { held } = await stage.receiptOf(made);
  expect("held", held, [{ range: wide, rule: "needs-approval" }]);
  expect("dropped before", await stage.drops("198.19.9.9"), false);
  const file = join(stage.lab.folder, "approval.json");
  const key = join(stage.cloud.dir, "keys/critical.pem");
  const what = ["--feed", "org/acme", "--add", wide, "--out", file];
  await stage.order("approval", "draft", ...what, "--rings", "1s,1s,1s");
  await stage.order("approval", "sign", file, "--key", key);
  await stage.order("approval", "publish", file);
  await stage.untilDropped("198.19.9.9", true, 75_000);
  await stage.lift([wide], { feed: "org/acme" });
  await stage.untilDropped("198.19.9.9", false);
}

async function rekeyed(stage: Stage): Promise<void> {
  const before = deviceKey(stage);
  await stage.say("rekey");
  await stage.untilConnected();
  expect("the same key", deviceKey(stage) === before, false);
  const made = await stage.ban(["198.18.8.1"]);
  await stage.untilDropped("198.18.8.1");
  await stage.receiptOf(made);
}

function deviceKey({ host }: Stage): string {
  const text = readFileSync(join(host.folder, "state/identity.json"), "utf8");
  return (JSON.parse(text) as { key: string }).key;
}

async function renewed(stage: Stage): Promise<void> {
  await renewRoot(stage, "second");
  const made = await stage.ban(["198.18.8.2"]);
  await stage.untilDropped("198.18.8.2");
  await stage.receiptOf(made);
}

async function renewedAway(stage: Stage): Promise<void> {
  await stage.stopAgent();
  await renewRoot(stage, "third");
  await renewRoot(stage, "fourth");
  const made = await stage.ban(["198.18.8.3"]);
  await stage.lab.startAgent(stage.host);
  await stage.untilDropped("198.18.8.3");
  await stage.receiptOf(made);
}

/** New keys for content and heads. */
async function renewRoot(stage: Stage, name: string): Promise<void> {
  const file = join(stage.lab.folder, `${name}.json`);
  const renew = ["--renew", "content", "--renew", "head"];
  const key = join(stage.cloud.dir, "keys/root.pem");
  await stage.order("root", "draft", ...renew, "--out", file);
  await stage.order("root", "sign", file, "--key", key);
  await stage.order("root", "publish", file);
}
