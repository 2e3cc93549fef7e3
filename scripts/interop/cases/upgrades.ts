import { buildAt, THIS_BUILD } from "../../lab/build.js";
import { expect, type Case } from "../case.js";
import { reportingSoon, type Pair } from "../pair.js";
import type { Stage } from "../stage.js";
import { bansOf, importList } from "./away.js";
import { bans } from "./bans.js";
import { keys } from "./keys.js";
import { inForce, processes } from "./processes.js";
import { reports } from "./reports.js";

/** What one process left behind is opened by another version's. */
export interface Upgrade {
  readonly title: string;
  readonly pair: Pair;
  readonly cases: readonly Case[];
}

/** Both orders in which a vendor and a customer may upgrade. */
export function upgrades(old: string): readonly Upgrade[] {
  const before = reportingSoon(buildAt(old));
  const pair = { agent: before, cloud: before, init: [] };
  const usual = [...bans.slice(1, 4), ...keys.slice(1, 3), ...processes];
  return [
    {
      title: "upgraded: first the cloud of 0.1.0, then its agent",
      pair: { name: "", ...pair },
      cases: [
        LIFE_BEFORE,
        CLOUD,
        ...usual,
        AGENT,
        ...reports.slice(0, 2),
        KEPT,
      ],
    },
    {
      title: "upgraded: first the agent of 0.1.0, then its cloud",
      pair: { name: "", ...pair },
      cases: [
        LIFE_BEFORE,
        AGENT,
        ...usual,
        CLOUD,
        ...reports.slice(0, 2),
        KEPT,
      ],
    },
  ];
}

const LIFE_BEFORE: Case = {
  name: "both are of 0.1.0, with bans, a list and reports",
  holds: async (stage) => {
    await inForce(stage, "198.18.11.1");
    await stage.ban(["198.18.11.2"], { observe: true });
    const ranges = Array.from(
      { length: 3_000 },
      (_, i) => `45.9.${i >> 8}.${i & 255}`,
    );
    await importList(stage, "before", ranges);
    await stage.failLogins("198.18.11.3");
    await stage.untilDropped("198.18.11.3");
    await stage.caughtUp();
  },
};

const CLOUD: Case = {
  name: "the folder of the cloud is opened by this one, and its agent is back",
  holds: async (stage) => {
    const receipts = await receiptsOf(stage);
    await stage.stopCloud();
    stage.cloud.build = THIS_BUILD;
    await stage.lab.serve(stage.cloud);
    await stage.untilConnected(true, 150_000);
    const after = await receiptsOf(stage);
    expect("receipts were lost", after < receipts, false);
    await whatWas(stage);
    await inForce(stage, "198.18.11.4");
  },
};

const AGENT: Case = {
  name: "the state of the agent is opened by this one, and the bans stay",
  holds: async (stage) => {
    await stage.stopAgent();
    expect("dropped meanwhile", await stage.drops("198.18.11.1"), true);
    stage.host.build = reportingSoon(THIS_BUILD);
    await stage.lab.startAgent(stage.host);
    expect("dropped at once", await stage.drops("198.18.11.1"), true);
    await stage.untilConnected();
    const { version } = await stage.host.status();
    expect("still the old version", version === "0.1.0", false);
    await whatWas(stage);
    await inForce(stage, "198.18.11.5");
  },
};

const KEPT: Case = {
  name: "all that was banned before still is",
  holds: whatWas,
};

async function whatWas(stage: Stage): Promise<void> {
  await stage.caughtUp();
  expect("the ban", await stage.drops("198.18.11.1"), true);
  expect("the observed ban", await stage.drops("198.18.11.2"), false);
  expect("the sensor's ban", await stage.drops("198.18.11.3"), true);
  expect("bans of the list", await bansOf(stage), 3_000);
}

async function receiptsOf({ cloud }: Stage): Promise<number> {
  return (await cloud.list("receipts")).length;
}
