import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { LedgerFolder, NOW, rulesetOf } from "../support/agent/ledger.js";
import { until } from "../support/time/clock.js";

describe("a process killed at any moment", () => {
  it("leaves every segment it recorded, and none by half", async () => {
    using folder = new LedgerFolder();
    for (const lifeMs of LIVES_MS) {
      const promised = await liveAndDie(folder.path, "record", lifeMs);
      const ledger = folder.open();
      const offset = offsetOf(ledger);

      expect(offset).toBeGreaterThanOrEqual(promised);
      expect(rulesetOf(ledger, NOW, 5000)).toHaveLength(offset * 40);
      expect(ledger.revision()).toBe(offset);
      expect(ledger.counts()[0]?.bans ?? 0).toBe(offset * 40);
      folder.close();
    }
  });

  it("leaves the snapshot in force, or the next, and no mixture", async () => {
    using folder = new LedgerFolder();
    for (const lifeMs of LIVES_MS) {
      const promised = await liveAndDie(folder.path, "adopt", lifeMs);
      const ledger = folder.open();
      const offset = offsetOf(ledger);
      const seconds = rulesetOf(ledger, NOW, 5000).map((e) => e.split(" ")[1]);

      expect(offset).toBeGreaterThanOrEqual(promised);
      expect(new Set(seconds)).toEqual(new Set([String(offset)]));
      expect(seconds).toHaveLength(20 * 40);
      while (ledger.purge(NOW, 5000));
      expect(ledger.counts()).toEqual([
        { feed: "urgent", bans: 800, held: 0, observed: 0 },
      ]);
      folder.close();
    }
  });
});

/** How long the victims live after their first words. */
const LIVES_MS = [30, 61, 97, 140, 53];

const offsetOf = (ledger: Ledger) => ledger.position("urgent")?.offset ?? 0;

/** Lets a process work, kills it, and returns the last offset it had done. */
async function liveAndDie(
  path: string,
  work: "record" | "adopt",
  lifeMs: number,
): Promise<number> {
  const script = fileURLToPath(new URL("./victim.js", import.meta.url));
  const victim = spawn(process.execPath, [script, path, work], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  victim.stdout.on("data", (text: Buffer) => (said += text.toString()));
  await until("some work done", () => said.split("\n").length > 2);
  setTimeout(() => victim.kill("SIGKILL"), lifeMs);
  const [, signal] = (await once(victim, "close")) as [unknown, unknown];
  expect(signal).toBe("SIGKILL");
  const lines = said.slice(0, said.lastIndexOf("\n")).split("\n");
  return Number(lines.at(-1));
}
