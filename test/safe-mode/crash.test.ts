import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { until } from "../../scripts/lab/run.js";

it("refuses what it died over twice, and gets past it by a snapshot", async () => {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: 18_471 });
  const host = await lab.startHost(cloud, "host", {
    config: { ...QUIET, safeMode: { starts: 100 } },
  });
  let rounds = 0;
  // What the second run had recorded before it was killed is refused no more.
  while (!/refused what the cloud sent.*poison/.test(logOf(host))) {
    const ordered = ban(cloud, BANS, (rounds += 1));
    let fate: string;
    do fate = await killedOver(lab, host);
    while (fate === "once");
    await ordered;
    if (fate === "missed") continue;
    await lab.startAgent(host);
    await until(
      "all bans",
      async () => (await bansOf(host)) === BANS * rounds || undefined,
    );
  }
  const { offset } = await feedOf(host);
  await ban(cloud, 1);
  await until(
    "the feed goes on",
    async () => (await feedOf(host)).offset > offset || undefined,
  );
});

it("leaves everything as it is after crashes, says so, and is well after a restart", async () => {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: 18_472 });
  const host = await lab.startHost(cloud, "host", { config: QUIET });
  for (let crash = 0; crash < 3; crash++) {
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    await lab.startAgent(host);
  }
  expect(await host.status()).toMatchObject({ safeMode: true });
  await until(
    "a link",
    async () => (await host.status()).cloud.at === "up" || undefined,
  );
  await ban(cloud, 3);
  await until("a refusal", () =>
    Promise.resolve(
      /refused.*safe-mode/.test(readFileSync(host.log, "utf8")) || undefined,
    ),
  );
  expect(await bansOf(host)).toBe(0);
  host.process?.kill("SIGTERM");
  await host.process?.ended;
  await lab.startAgent(host);
  await until("the bans", async () => (await bansOf(host)) === 3 || undefined);
  expect(await host.status()).toMatchObject({ safeMode: false });
});

const logOf = ({ log }: LabHost): string => readFileSync(log, "utf8");

/**
 * Kills the agent as soon as something is in hand: once, or over what is poison by
 * now. Missed, where it was done with it before anybody saw.
 */
async function killedOver(
  lab: Lab,
  host: LabHost,
): Promise<"once" | "poison" | "missed"> {
  const state = join(host.folder, "state");
  const giveUpAt = performance.now() + 5_000;
  while (readFileSync(join(state, "in-hand")).every((byte) => byte === 0)) {
    if (performance.now() > giveUpAt) return "missed";
    await nextTurn();
  }
  host.process?.kill("SIGKILL");
  await host.process?.ended;
  const left = readFileSync(join(state, "in-hand"));
  const record = existsSync(join(state, "starts.json"))
    ? readFileSync(join(state, "starts.json"), "utf8")
    : "";
  const digests = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
    left.toString("hex", i * 128, i * 128 + 32),
  );
  const twice = digests.some((digest) => record.includes(digest));
  if (twice) return "poison";
  await lab.startAgent(host);
  return "once";
}

const QUIET = {
  enforce: { backend: "dry-run" },
  sensors: { sshd: { enabled: false } },
};

/** So few that the cloud pushes them again as one segment. */
const BANS = 900;

const ban = (cloud: LabCloud, many: number, round = 0) =>
  cloud.api("POST", "/api/v1/bans", {
    feed: "reputation",
    ranges: Array.from(
      { length: many },
      (_, i) => `198.${18 + (many % 2)}.${4 * round + (i >> 8)}.${i & 255}`,
    ),
    for: "1d",
    reason: "test",
  });

const feedOf = async (host: LabHost) => {
  const { feeds } = await host.status();
  return (
    feeds.find(({ feed }) => feed === "reputation") ?? { bans: 0, offset: 0 }
  );
};

const bansOf = async (host: LabHost) => (await feedOf(host)).bans;
