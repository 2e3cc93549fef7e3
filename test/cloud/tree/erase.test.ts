import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import { eraseIn } from "../../../cloud/erase-log.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { LocalLog } from "../../../cloud/local-log.js";
import { Signing } from "../../../cloud/roots/signing.js";
import { foundCloud } from "../../../cloud/setup.js";
import { audit } from "../../../cloud/tree/audit.js";
import { verifyProof } from "../../../cloud/tree/proof.js";
import type { Wanted } from "../../../cloud/tree/prover.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";

const WISH = { by: "alice", why: "asked to" };
const DAYS_LATER: Clock = {
  ...systemClock,
  now: () => systemClock.now() + 30 * 86_400_000,
};

describe("an op that is over", () => {
  it("is erased with its segment: its leaf stays, and says by whom", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const before = rootOf(dir);
    const wanted = { of: "op", feed: "urgent", number: 1 } as const;
    expect(proved(dir, wanted).payload).toContain("203.0.113.1");
    await expect(eraseIn(dir, wanted, WISH, systemClock)).rejects.toThrow(
      "agents may be sent its segment until",
    );
    await eraseIn(dir, wanted, WISH, DAYS_LATER);
    expect(proved(dir, wanted)).toMatchObject({
      payload: undefined,
      erased: WISH,
    });
    const other = { of: "op", feed: "urgent", number: 2 } as const;
    expect(proved(dir, other).payload).toContain("203.0.113.2");
    expect(check(dir)).toBeUndefined();
    const after = rootOf(dir);
    expect(after.size).toBe(before.size + 1);
    // Folded anew, without what was erased, it is the same tree.
    rmSync(join(dir, "tree.db"));
    expect(rootOf(dir)).toEqual(after);
    await expect(eraseIn(dir, wanted, WISH, DAYS_LATER)).rejects.toThrow(
      "is erased already",
    );
  }, 30_000);

  it("stays while its ban stands, or the feed needs it", async () => {
    using cloud = await past();
    const at = (number: number) =>
      ({ of: "op", feed: "urgent", number }) as const;
    const erase = (number: number) =>
      eraseIn(cloud.dir, at(number), WISH, DAYS_LATER);
    await expect(erase(3)).rejects.toThrow(
      "its segment bans 203.0.113.3 until",
    );
    await expect(erase(5)).rejects.toThrow(
      "its segment lifts 203.0.113.4, and the ban before it has not run out",
    );
    await erase(4); // a ban that was lifted
    await erase(5); // and then its lift
  }, 30_000);
});

describe("what was erased", () => {
  it("and comes back with an older copy is found, and erased again at the start", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const seq = await firstDigested(dir);
    const observations = join(dir, "observations");
    const copy = join(cloud.folder, "copy");
    cpSync(observations, copy, { recursive: true });
    await eraseIn(dir, { of: "observation", seq }, WISH, systemClock);
    const wanted = { of: "observation", seq } as const;
    expect(proved(dir, wanted)).toMatchObject({ erased: WISH });
    rmSync(observations, { recursive: true });
    cpSync(copy, observations, { recursive: true });
    expect(back(dir)).toEqual([seq]);
    {
      await using _again = await startTestCloud({ dir });
      using file = reading(join(observations, "observations.db"));
      const row = file.database.prepare<[number], { salt: unknown }>(
        "SELECT salt FROM observations WHERE seq = ?",
      );
      await eventually(() => row.get(seq)?.salt === null || undefined);
    }
    expect(back(dir)).toEqual([]);
    expect(proved(dir, wanted)).toMatchObject({ erased: WISH });
  }, 30_000);
});

describe("an observation that somebody changed or took out", () => {
  it.each([
    ["changed", "UPDATE observations SET body = body || ' '", "does not fit"],
    ["took out", "DELETE FROM observations", "of them are there"],
    [
      "changed, and covered up",
      "UPDATE observations SET commitment = zeroblob(32), body = body || ' '",
      "does not fit",
    ],
  ])(
    "is found where it was %s",
    async (_, change, why) => {
      using cloud = await past();
      const { dir } = cloud;
      const seq = await firstDigested(dir);
      expect(check(dir)).toBeUndefined();
      const path = join(dir, "observations", "observations.db");
      const file = openDatabase(path, "full");
      file.prepare(`${change} WHERE seq = ?`).run(seq);
      file.close();
      expect(check(dir)?.why).toContain(why);
    },
    30_000,
  );
});

/** A cloud that ran, with five ops: two short bans, one that lasts, a ban and its lift. */
async function past() {
  const folder = new TestFolder();
  const dir = join(folder.path, "cloud");
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  await using cloud = await startTestCloud({ dir });
  using _agent = await TestAgent.connect(cloud, await cloud.enrol());
  const short = { for: "1h" };
  await cloud.ban("203.0.113.1", short);
  await cloud.ban("203.0.113.2", short);
  await cloud.ban("203.0.113.3", { for: "90d" });
  await cloud.ban("203.0.113.4", { for: "90d" });
  await cloud.lift("203.0.113.4");
  const written = join(dir, "observations", "observations.db");
  await eventually(() => {
    using file = reading(written);
    return file.database.prepare("SELECT 1 FROM observations").get();
  });
  return {
    ...{ dir, folder: folder.path },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The next start brings into the tree what was observed in the one before. */
async function firstDigested(dir: string): Promise<number> {
  await using _cloud = await startTestCloud({ dir });
  using file = reading(join(dir, "decisions.db"));
  const digests = file.database.prepare<[], { body: string }>(
    `SELECT body FROM decisions WHERE body LIKE '{"kind":"observed"%'`,
  );
  return await eventually(() => {
    const found = digests.get();
    return found && (JSON.parse(found.body) as { first: number }).first;
  });
}

function reading(path: string) {
  const database = openDatabase(path, "read-only");
  return { database, [Symbol.dispose]: () => void database.close() };
}

function rootOf(dir: string) {
  using log = new LocalLog(dir);
  const { size, root } = log.tree.state();
  return { size, root };
}

function proved(dir: string, wanted: Wanted) {
  using log = new LocalLog(dir);
  const signing = Signing.open(dir);
  const checkpoint = log.head("test-cloud", signing, systemClock);
  const proof = { ...log.prover.prove(wanted), checkpoint };
  return verifyProof(proof, signing.root);
}

function check(dir: string) {
  using log = new LocalLog(dir);
  return audit(log.tree).misfit;
}

function back(dir: string): readonly number[] {
  using log = new LocalLog(dir);
  return log.tree.reappeared().observations;
}
