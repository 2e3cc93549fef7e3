import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { SpoolFolder } from "./items.js";
import { ScriptedCloud } from "./scripted-cloud.js";

describe("an agent that is killed again and again while it reports", () => {
  it("has every item that it spooled taken in once, in order", async () => {
    using folder = new SpoolFolder();
    const cloud = new ScriptedCloud();
    let promised = 0;
    for (const lifeMs of LIVES_MS) {
      promised = Math.max(
        promised,
        await live(folder.path, cloud, { lifeMs, most: 1e9 }),
      );
    }
    expect(promised).toBeGreaterThan(LIVES_MS.length);
    await live(folder.path, cloud, { lifeMs: 30_000, most: promised });

    const numbers = cloud.taken.map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(numbers.length).toBeGreaterThanOrEqual(promised);
    expect(cloud.taken.map(({ item }) => item)).toEqual(
      numbers.map((number) => expect.objectContaining({ count: number })),
    );
  });
});

/** How long the victims live after their first word. */
const LIVES_MS = [40, 90, 55, 130, 70, 20, 110];

/**
 * Lets an agent report to the cloud, which loses every third acknowledgement,
 * and kills it: when its time has come, or when it has nothing left to do.
 * Returns the last item that it promised to keep.
 */
async function live(
  path: string,
  cloud: ScriptedCloud,
  { lifeMs, most }: { lifeMs: number; most: number },
): Promise<number> {
  const script = fileURLToPath(new URL("./victim.js", import.meta.url));
  const victim = spawn(process.execPath, [script, path, String(most)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  victim.stdin.on("error", () => undefined); // it dies while it is spoken to
  let promised = 0;
  let messages = 0;
  createInterface(victim.stdout).on("line", (line) => {
    const [, spooled] = /^spooled (\d+)$/.exec(line) ?? [];
    if (spooled !== undefined) promised = Number(spooled);
    else if (line === "born") setTimeout(kill, lifeMs).unref();
    else if (line === "done") kill();
    else if (line.endsWith("]}")) {
      const ack = cloud.take(line);
      if (messages++ % 3 !== 2) victim.stdin.write(`${JSON.stringify(ack)}\n`);
    } // else it died in the middle of a line
  });
  const kill = () => victim.kill("SIGKILL");
  const [, signal] = (await once(victim, "close")) as [unknown, unknown];
  expect(signal).toBe("SIGKILL");
  return promised;
}
