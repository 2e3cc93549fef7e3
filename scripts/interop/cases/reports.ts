import { until } from "../../lab/run.js";
import { expect, type Case } from "../case.js";
import type { Stage } from "../stage.js";
import { observing } from "./bans.js";

/** What hosts see and report. */
export const reports: readonly Case[] = [
  {
    name: "what a sensor detects is banned here, and shown by the cloud",
    holds: detected,
  },
  {
    name: "each item of the spool arrives exactly once, over kills of the cloud",
    holds: exactlyOnce,
  },
  { name: "hosts say what a ban would cut", holds: impact },
  { name: "hits of bans are shown as sightings", holds: hits },
  { name: "the host's vitals are shown", holds: vitals },
  { name: "what is wrong with a host is shown", holds: health },
];

async function detected(stage: Stage): Promise<void> {
  await stage.failLogins("198.18.5.1");
  await stage.untilDropped("198.18.5.1");
  await until("the detection is shown", async () =>
    (await sourcesSeen(stage)).includes("198.18.5.1") ? true : undefined,
  );
}

async function exactlyOnce(stage: Stage): Promise<void> {
  const sources = Array.from({ length: 30 }, (_, i) => `198.18.6.${i + 1}`);
  for (const [i, source] of sources.entries()) {
    await stage.failLogins(source);
    await new Promise((resolve) => setTimeout(resolve, 60));
    if (i % 10 !== 5) continue;
    await stage.stopCloud("SIGKILL");
    await stage.lab.serve(stage.cloud);
  }
  await stage.untilConnected();
  const ours = async () =>
    (await sourcesSeen(stage)).filter((each) => each.startsWith("198.18.6."));
  await until(
    "all detections are shown",
    async () => {
      const seen = new Set(await ours());
      return seen.size === sources.length ? true : undefined;
    },
    60_000,
  );
  expect("detections in all", (await ours()).length, sources.length);
}

async function sourcesSeen({ cloud }: Stage): Promise<readonly string[]> {
  const detections = await cloud.list<{ readonly source: string }>(
    "detections",
  );
  return detections.map(({ source }) => source);
}

async function impact({ cloud }: Stage): Promise<void> {
  const order = { ranges: ["203.0.113.0/24"] };
  const said = await cloud.api<{ asked: number; answered: number }>(
    "POST",
    `${cloud.build.api}/impact`,
    order,
  );
  expect("asked, answered", [said.asked, said.answered], [1, 1]);
}

async function hits(stage: Stage): Promise<void> {
  await stage.ban(["198.18.7.1"]);
  await stage.untilDropped("198.18.7.1");
  for (let i = 0; i < 3; i++) await stage.drops("198.18.7.1");
  await until(
    "its packets are a sighting",
    async () => {
      const sightings = await stage.cloud.list<{ readonly range: string }>(
        "sightings",
      );
      const found = sightings.some(({ range }) =>
        range.startsWith("198.18.7.1"),
      );
      return found ? true : undefined;
    },
    90_000,
  );
}

async function vitals(stage: Stage): Promise<void> {
  await until(
    "a report is shown",
    async () => {
      const { report } = await stage.agent();
      return report?.vitals ? true : undefined;
    },
    90_000,
  );
}

/** That the host observes is a condition in every version. */
async function health(stage: Stage): Promise<void> {
  const isShown = async () =>
    (await stage.agent()).report?.health.some(
      ({ code }) => code === "observing",
    ) ?? false;
  await observing(stage, () =>
    until(
      "the condition is shown",
      async () => ((await isShown()) ? true : undefined),
      60_000,
    ),
  );
  await until(
    "it is shown no more",
    async () => ((await isShown()) ? undefined : true),
    60_000,
  );
}
