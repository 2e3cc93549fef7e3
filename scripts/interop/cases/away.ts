import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Case } from "../case.js";
import type { Made, Stage } from "../stage.js";

/** Lists, and how a host catches up that was away. */
export const away: readonly Case[] = [
  { name: "a list is imported, live, segment by segment", holds: imported },
  {
    name: "what a host missed in a short absence it is sent as a tail",
    holds: byTail,
  },
  { name: "what is more it fetches as segments", holds: bySegments },
  { name: "what is much more it fetches as a snapshot", holds: bySnapshot },
  {
    name: "a host that can't keep up is told to ask again, and has it all",
    holds: lagging,
  },
  {
    name: "after a new epoch the host stands where the cloud does",
    holds: newEpoch,
  },
];

async function imported(stage: Stage): Promise<void> {
  const made = await importList(stage, "base", addresses("45.1", 0, 9_000));
  await stage.receiptOf(made, 60_000);
  const status = await stage.caughtUp();
  const feed = status.feeds.find(({ feed: name }) => name === "reputation");
  expect("bans of the feed", feed?.bans, 9_000);
}

async function byTail(stage: Stage): Promise<void> {
  await missing(stage, "tail", addresses("45.2", 0, 100));
}

async function bySegments(stage: Stage): Promise<void> {
  await missing(stage, "segments", addresses("45.3", 0, 2_000));
}

async function bySnapshot(stage: Stage): Promise<void> {
  await missing(stage, "snapshot", addresses("45.4", 0, 25_000));
}

/** Imports a list while the agent is away, and has it in force once it is back. */
async function missing(
  stage: Stage,
  name: string,
  ranges: readonly string[],
): Promise<void> {
  await stage.caughtUp();
  const before = await bansOf(stage);
  const seen = `198.18.4.${ranges.length / 100}`;
  await stage.stopAgent();
  await importList(stage, name, [...ranges, seen]);
  await stage.lab.startAgent(stage.host);
  await stage.caughtUp(90_000);
  expect("bans of the feed", await bansOf(stage), before + ranges.length + 1);
  await stage.untilDropped(seen);
}

async function lagging(stage: Stage): Promise<void> {
  const before = await bansOf(stage);
  stage.host.process?.kill("SIGSTOP");
  try {
    // Pseudo-random, so that no segment is small: more than the cloud buffers.
    const ranges = scattered(150_000);
    await importList(stage, "lag", ranges);
  } finally {
    stage.host.process?.kill("SIGCONT");
  }
  await stage.caughtUp(120_000);
  expect("bans of the feed", await bansOf(stage), before + 150_000);
}

async function newEpoch(stage: Stage): Promise<void> {
  const before = await bansOf(stage);
  await stage.stopCloud();
  await stage.order("new-epoch");
  await stage.lab.serve(stage.cloud);
  await stage.caughtUp(120_000);
  expect("bans of the feed", await bansOf(stage), before);
  await stage.ban(["198.18.4.250"]);
  await stage.untilDropped("198.18.4.250");
}

export async function bansOf({ host }: Stage): Promise<number> {
  const { feeds } = await host.status();
  return feeds.find(({ feed }) => feed === "reputation")?.bans ?? 0;
}

export async function importList(
  stage: Stage,
  name: string,
  ranges: readonly string[],
): Promise<Made> {
  const file = join(stage.lab.folder, `${name}.txt`);
  writeFileSync(file, `${ranges.join("\n")}\n`);
  const path = `${stage.cloud.build.api}/imports?for=1d&reason=${name}`;
  return stage.cloud.api<Made>("POST", path, ranges.join("\n"));
}

/** So many addresses behind one another: "45.1" and on. */
function addresses(network: string, from: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return `${network}.${n >> 8}.${n & 255}`;
  });
}

/** So many addresses of 52.0.0.0/8, no two of them neighbours. */
function scattered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const n = (Math.imul(i, 0x9e37_79b1) >>> 8) & 0xff_ffff;
    return `52.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
  });
}
