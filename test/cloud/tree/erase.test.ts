import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import { eraseIn } from "../../../cloud/erase-log.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { LocalLog } from "../../../cloud/local-log.js";
import { beginNewEpochs } from "../../../cloud/new-epochs.js";
import { Signing } from "../../../cloud/roots/signing.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { audit } from "../../../cloud/tree/audit.js";
import { commitmentsOf } from "../../../cloud/tree/leaves.js";
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
  });

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
  });
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
    expect(versionsSeen(dir)).toEqual(["0.1.0"]);
    await (await startTestCloud({ dir }))[Symbol.asyncDispose]();
    expect(back(dir)).toEqual([]);
    expect(proved(dir, wanted)).toMatchObject({ erased: WISH });
    expect(versionsSeen(dir)).toEqual([]);
  });

  it("is erased at the start where that was cut off behind the decision", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const seq = await firstDigested(dir);
    const copy = join(cloud.folder, "copy");
    cpSync(join(dir, "observations"), copy, { recursive: true });
    await eraseIn(dir, { of: "observation", seq }, WISH, systemClock);
    // As far as it comes before the row is emptied.
    cpSync(
      join(copy, "observations.db"),
      join(dir, "observations", "observations.db"),
    );
    await (await startTestCloud({ dir }))[Symbol.asyncDispose]();
    expect(back(dir)).toEqual([]);
    expect(versionsSeen(dir)).toEqual([]);
  });

  it("is erased again where the decision to do so was lost with a copy", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const seq = await firstDigested(dir);
    const copy = join(cloud.folder, "copy");
    cpSync(dir, copy, { recursive: true });
    await eraseIn(dir, { of: "observation", seq }, WISH, systemClock);
    const op = { of: "op", feed: "urgent", number: 1 } as const;
    const segment = seqOfOp(dir, 1);
    await eraseIn(dir, op, WISH, DAYS_LATER);
    await (await startTestCloud({ dir }))[Symbol.asyncDispose]();
    for (const name of ["decisions.db", "observations"]) {
      rmSync(join(dir, name), { recursive: true });
      cpSync(join(copy, name), join(dir, name), { recursive: true });
    }
    await expect(startTestCloud({ dir })).rejects.toThrow("new-epoch");
    const begin = () =>
      beginNewEpochs(loadCloud(dir, undefined), {
        ...{ clock: systemClock, log: silentLogger },
      });
    const append = jest.spyOn(SqliteDecisions.prototype, "append");
    append.mockRejectedValueOnce(new Error("there is no room"));
    await expect(begin()).rejects.toThrow("there is no room");
    append.mockRestore();
    await expect(startTestCloud({ dir })).rejects.toThrow("new-epoch");
    await begin();
    expect(readdirSync(dir).join()).not.toContain("lost");
    await (await startTestCloud({ dir }))[Symbol.asyncDispose]();
    expect(back(dir)).toEqual([]);
    expect(versionsSeen(dir)).toEqual([]);
    expect(proved(dir, { of: "observation", seq })).toMatchObject({
      erased: WISH,
    });
    const wanted = { of: "decision", seq: segment.seq } as const;
    expect(proved(dir, wanted)).toMatchObject({ erased: WISH });
    expect(check(dir)).toBeUndefined();
  });

  it("is in no byte of the file that it was in", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const seq = await firstDigested(dir);
    const observed = join(dir, "observations", "observations.db");
    expect(bytesOf(observed)).toContain('"kind":"agent-seen"');
    await eraseIn(dir, { of: "observation", seq }, WISH, systemClock);
    expect(bytesOf(observed)).not.toContain('"kind":"agent-seen"');
    const decided = join(dir, "decisions.db");
    const first = Buffer.from([203, 0, 113, 1]).toString("latin1");
    expect(bytesOf(decided)).toContain(first);
    const op = { of: "op", feed: "urgent", number: 1 } as const;
    await eraseIn(dir, op, WISH, DAYS_LATER);
    expect(bytesOf(decided)).not.toContain(first);
  });

  it("is said to stay in a file for as long as another process reads it", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const seq = await firstDigested(dir);
    using file = reading(join(dir, "observations", "observations.db"));
    const rows = file.database.prepare("SELECT seq FROM observations");
    const held = rows.iterate();
    held.next();
    const wanted = { of: "observation", seq } as const;
    const erasing = eraseIn(dir, wanted, WISH, systemClock);
    await expect(erasing).rejects.toThrow("another process reads the folder");
    held.return?.();
    expect(proved(dir, wanted)).toMatchObject({ erased: WISH });
  });
});

describe("a decision that somebody emptied", () => {
  it("is found where no decision says that it is erased", async () => {
    using cloud = await past();
    const { dir } = cloud;
    const wanted = { of: "op", feed: "urgent", number: 1 } as const;
    await eraseIn(dir, wanted, WISH, DAYS_LATER);
    expect(check(dir)).toBeUndefined();
    const { seq } = seqOfOp(dir, 2);
    using decisions = SqliteDecisions.open(
      join(dir, "decisions.db"),
      systemClock,
    );
    await decisions.empty(seq, "bytes", commitmentsIn(dir, seq));
    expect(check(dir)).toEqual({
      ...{ seq, why: "was emptied, and nothing says by whom" },
    });
  });
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

/**
 * The next start brings into the tree what was observed in the one before: of that,
 * the one that tells of a host which came.
 */
async function firstDigested(dir: string): Promise<number> {
  await using _cloud = await startTestCloud({ dir });
  using file = reading(join(dir, "decisions.db"));
  const digests = file.database.prepare(
    `SELECT 1 FROM decisions WHERE body LIKE '{"kind":"observed"%'`,
  );
  await eventually(() => digests.get());
  using observed = reading(join(dir, "observations", "observations.db"));
  const came = observed.database.prepare<[], { seq: number }>(
    `SELECT seq FROM observations WHERE body LIKE '{"kind":"agent-seen"%'`,
  );
  return came.get()?.seq ?? 0;
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

function seqOfOp(dir: string, number: number) {
  using log = new LocalLog(dir);
  return log.prover.opAt("urgent", number);
}

function commitmentsIn(dir: string, seq: number): Uint8Array {
  using log = new LocalLog(dir);
  const row = log.tree.rows.decision(seq);
  if (row === undefined) throw new Error(`there is no event ${seq}`);
  return Buffer.concat([...commitmentsOf(row)]);
}

/** Of hosts, as the view of the observations has them. */
function versionsSeen(dir: string): readonly string[] {
  using file = reading(join(dir, "observations", "view.db"));
  const versions = file.database.prepare<[], string>(
    "SELECT version FROM presence",
  );
  return versions.pluck().all();
}

/** Of a database, with its log. */
const bytesOf = (path: string): string =>
  ["", "-wal"]
    .filter((suffix) => existsSync(path + suffix))
    .map((suffix) => readFileSync(path + suffix).toString("latin1"))
    .join("");

function check(dir: string) {
  using log = new LocalLog(dir);
  return audit(log.tree).misfit;
}

function back(dir: string): readonly number[] {
  using log = new LocalLog(dir);
  return log.tree.reappeared();
}
