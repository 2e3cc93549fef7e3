import {
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../agent/model/cidr.js";
import { startIn } from "./support/agent/enrolled-host.js";
import { startTestCloud } from "./support/cloud/cloud.js";
import { TestFolder } from "./support/folder.js";
import { ManualClock } from "./support/time/clock.js";

const golden = join(
  dirname(fileURLToPath(import.meta.url)),
  "../../test/golden/state",
);

/** Where a later version is to find what each earlier one left behind. */
describe.each(readdirSync(golden))(
  "what version %s left on disks",
  (version) => {
    let folder: TestFolder;
    let clock: ManualClock;

    beforeEach(() => {
      folder = new TestFolder();
      const from = join(golden, version);
      cpSync(from, folder.path, { recursive: true });
      onlyForItsOwner(folder.path);
      const { at } = JSON.parse(
        readFileSync(join(from, "what.json"), "utf8"),
      ) as { at: number };
      clock = new ManualClock(at);
    });

    afterEach(() => folder[Symbol.dispose]());

    it("is a host's bans, orders and identity still", async () => {
      await using agent = await startIn(join(folder.path, "host"), { clock });
      const { ledger } = agent;
      expect(ledger.counts()).toMatchObject(
        expect.arrayContaining([
          expect.objectContaining({ feed: "urgent", held: expect.any(Number) }),
          expect.objectContaining({ feed: "reputation" }),
        ]),
      );
      const now = Math.floor(clock.now() / 1000);
      const onPrivate = ledger.bansOn(parseCidr("10.1.2.3"), now);
      expect(onPrivate).toEqual([
        expect.objectContaining({ feed: "urgent", held: "private-range" }),
      ]);
      expect(ledger.bansOn(parseCidr("45.0.1.7"), now)).toHaveLength(1);
      expect(ledger.bansOn(parseCidr("45.0.0.1"), now)).toEqual([]);
      expect(ledger.overrides.releases(now)).toHaveLength(1);
      expect(agent.telemetry.view()?.spool).toEqual(expect.any(String));
      expect(agent.safeMode).toBe(false);
    });

    it("is a cloud's every event, and the feeds go on", async () => {
      const dir = join(folder.path, "cloud");
      listenAnywhere(dir);
      await using cloud = await startTestCloud({ dir, clock });
      const { body } = await cloud.request<Agents>("GET", "/api/v1/agents");
      const revoked = body.items.filter((each) => each.revokedAt !== null);
      expect([body.items.length, revoked.length]).toEqual([2, 1]);
      const receipts = await count(cloud, "/api/v1/receipts", "items");
      expect(receipts).toBeGreaterThan(0);
      expect(await count(cloud, "/api/v1/divergences", "items")).toBe(1);
      const open = kindsOf(version).includes("proposed") ? 1 : 0;
      expect(await count(cloud, "/api/v1/proposals", "items")).toBe(open);
      const settled = kindsOf(version).includes("contest-answered") ? 1 : 0;
      const lists = ["contests?all=true", "policies"];
      for (const list of lists) {
        expect(await count(cloud, `/api/v1/${list}`, "items")).toBe(settled);
      }
      const rules = await count(cloud, "/api/v1/rules/versions", "items");
      expect(rules).toBe(2 * settled);
      const before = await count(cloud, "/api/v1/decisions", "items");
      expect(before).toBeGreaterThan(7);
      const { offset } = await cloud.ban("45.0.77.7");
      expect(offset).toBeGreaterThan(8);
    });
  },
);

/** Which kinds of events are in a version's journal. */
function kindsOf(version: string): readonly string[] {
  const text = readFileSync(join(golden, version, "what.json"), "utf8");
  return (JSON.parse(text) as { kinds: readonly string[] }).kinds;
}

interface Agents {
  readonly items: readonly { readonly revokedAt: string | null }[];
}

async function count(
  cloud: Awaited<ReturnType<typeof startTestCloud>>,
  path: string,
  list: string,
): Promise<number> {
  const { body } = await cloud.request<Record<string, unknown[]>>("GET", path);
  return body[list]?.length ?? 0;
}

/** Git keeps no modes, and secrets must be nobody else's. */
function onlyForItsOwner(folder: string): void {
  for (const entry of readdirSync(folder, {
    recursive: true,
    withFileTypes: true,
  })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() ? 0o700 : 0o600);
  }
}

/** The port that it was made with may be somebody else's by now. */
function listenAnywhere(dir: string): void {
  const file = join(dir, "cloud.json");
  const settings = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...settings, listen: "127.0.0.1:0" }));
}
