import { expect, type Case } from "../case.js";
import { AT, type Stage } from "../stage.js";

/** What operators order, and what the kernel then does. */
export const bans: readonly Case[] = [
  { name: "a host enrols, and is connected with its org", holds: enrolled },
  {
    name: "a ban is in force in the kernel, and its receipt is shown",
    holds: banned,
  },
  { name: "a lift lets the packets pass again", holds: lifted },
  { name: "a ban that ends is dropped no more", holds: ended },
  {
    name: "an observed ban drops nothing, and its receipt says so",
    holds: observed,
  },
  { name: "the feed of the org bans on its hosts", holds: ofTheOrg },
  {
    name: "an order of many ranges is in force, IPv6 among them",
    holds: manyRanges,
  },
  {
    name: "a ban that the guard stops is held, and the receipt names the rule",
    holds: heldByGuard,
  },
  {
    name: "a host that observes says so in its receipts, and drops nothing",
    holds: hostObserves,
  },
];

async function enrolled(stage: Stage): Promise<void> {
  await stage.untilConnected();
  const status = await stage.host.status();
  expect("the link", status.cloud.at, "up");
  const { version } = status;
  const reported = stage.pair.agent.root.includes("0.1.0");
  expect("the version is 0.1.0", version === "0.1.0", reported);
}

async function banned(stage: Stage): Promise<void> {
  expect("dropped before", await stage.drops("198.18.1.1"), false);
  const made = await stage.ban(["198.18.1.1"]);
  await stage.untilDropped("198.18.1.1");
  const { id } = await stage.agent();
  const { agent, mode, banned: count } = await stage.receiptOf(made);
  expect("the receipt", [agent, mode, count], [id, "enforce", 1]);
  expect("others dropped", await stage.drops("198.18.1.2"), false);
}

async function lifted(stage: Stage): Promise<void> {
  await stage.ban(["198.18.1.3"]);
  await stage.untilDropped("198.18.1.3");
  const made = await stage.lift(["198.18.1.3"]);
  await stage.untilDropped("198.18.1.3", false);
  expect("lifts of the receipt", (await stage.receiptOf(made)).lifted, 1);
}

async function ended(stage: Stage): Promise<void> {
  await stage.ban(["198.18.1.4"], { for: "4s" });
  await stage.untilDropped("198.18.1.4");
  await stage.untilDropped("198.18.1.4", false);
}

async function observed(stage: Stage): Promise<void> {
  const made = await stage.ban(["198.18.1.5"], { observe: true });
  const receipt = await stage.receiptOf(made);
  expect("the receipt", [receipt.banned, receipt.observed], [0, 1]);
  expect("dropped", await stage.drops("198.18.1.5"), false);
}

async function ofTheOrg(stage: Stage): Promise<void> {
  const made = await stage.ban(["198.18.1.6"], { feed: "org/acme" });
  await stage.untilDropped("198.18.1.6");
  expect("bans of the receipt", (await stage.receiptOf(made)).banned, 1);
}

async function manyRanges(stage: Stage): Promise<void> {
  const ranges = ["198.18.2.0/24", "198.18.3.128/25", "2001:db8:2::/48"];
  const made = await stage.ban([...ranges, "2001:db8:3::7"]);
  await stage.untilDropped("198.18.2.77");
  await stage.untilDropped("198.18.3.200");
  expect("the other half", await stage.drops("198.18.3.100"), false);
  expect("bans of the receipt", (await stage.receiptOf(made)).banned, 4);
}

async function heldByGuard(stage: Stage): Promise<void> {
  const made = await stage.ban([AT.host], { feed: "reputation" });
  const receipt = await stage.receiptOf(made);
  const [held] = receipt.held;
  expect(
    "the receipt",
    [receipt.banned, receipt.heldTotal, held?.range],
    [0, 1, AT.host],
  );
  // One that drops would wait for a second person in the cloud.
  const order = { feed: "reputation", observe: true };
  const wide = await stage.ban(["45.0.0.0/12"], order);
  const { rule } = (await stage.receiptOf(wide)).held[0] ?? {};
  expect("the rule for a wide range", rule, "needs-approval");
  await stage.lift([AT.host, "45.0.0.0/12"], { feed: "reputation" });
  await stage.caughtUp();
}

async function hostObserves(stage: Stage): Promise<void> {
  await stage.ban(["198.18.1.7"]);
  await stage.untilDropped("198.18.1.7");
  const made = await observing(stage, async () => {
    await stage.untilDropped("198.18.1.7", false);
    const meanwhile = await stage.ban(["198.18.1.8"]);
    await stage.receiptThat(meanwhile, ({ mode }) => mode === "observe");
    expect("dropped meanwhile", await stage.drops("198.18.1.8"), false);
    return meanwhile;
  });
  await stage.untilDropped("198.18.1.7");
  await stage.untilDropped("198.18.1.8");
  // It says its newest receipt again, since the mode is another.
  await stage.receiptThat(made, ({ mode }) => mode === "enforce");
}

/** Does something while the host observes. */
export async function observing<T>(
  stage: Stage,
  act: () => Promise<T>,
): Promise<T> {
  await stage.say("observe");
  try {
    return await act();
  } finally {
    await stage.say("enforce");
  }
}
