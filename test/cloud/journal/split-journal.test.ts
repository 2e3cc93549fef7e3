import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { filesOf } from "../../../cloud/folder.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { splitJournal } from "../../../cloud/journal/split-journal.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";
import { until } from "../../support/time/clock.js";

const GOLDEN = resolve("test/golden/state/0.3.0/cloud");
const MAIN = resolve("dist/cloud/main.js");
const MOST_KILLS = 30;

describe("the journal of an earlier version", () => {
  it("is split at the start: every event keeps its number, its time and its text", async () => {
    using old = oldCloud();
    const before = rowsIn(old.files.journal, "events");
    await splitJournal(old.files, silentLogger);
    expect(existsSync(old.files.journal)).toBe(false);
    expectAll(old.files, before);
    await splitJournal(old.files, silentLogger); // nothing is left to do
    const last = before.at(-1)!.seq;
    using decisions = SqliteDecisions.open(old.files.decisions, systemClock);
    using seen = SqliteObservations.open(old.files.observations, systemClock);
    expect([decisions.level, seen.level]).toEqual([last, last]);
    const begun = { kind: "org-added", org: "new", name: "new" } as const;
    expect(await decisions.append([begun])).toBe(last + 1);
  });

  it("goes on from wherever it was killed, and nothing is lost or there twice", async () => {
    using old = oldCloud();
    const before = fill(old.files.journal, 100_000);
    let kills = 0;
    while (existsSync(old.files.journal) && kills < MOST_KILLS) {
      const args = [MAIN, "serve", "--dir", old.dir];
      const cloud = spawn(process.execPath, args, { stdio: "ignore" });
      const ended = once(cloud, "exit");
      await until("it has begun", () => existsSync(old.files.observations));
      await systemClock.sleep(Math.random() * (kills < 2 ? 100 : 600));
      cloud.kill("SIGKILL");
      await ended;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(2);
    {
      await using cloud = await startTestCloud({ dir: old.dir });
      expect((await cloud.ban("203.0.113.7")).offset).toBeGreaterThan(1);
    }
    expect(existsSync(old.files.journal)).toBe(false);
    expectAll(old.files, before);
  });

  it("keeps its place for what was written down twice", async () => {
    using old = oldCloud();
    const journal = openDatabase(old.files.journal, "full");
    journal.exec(
      `INSERT INTO events (at, body) SELECT at, body FROM events
       WHERE body ->> '$.kind' IN ('receipt', 'telemetry', 'agent-booted')`,
    );
    journal.close();
    const before = rowsIn(old.files.journal, "events");
    await splitJournal(old.files, silentLogger);
    expectAll(old.files, before);
  });

  it("is not mixed with what was decided since: neither is touched", async () => {
    using old = oldCloud();
    cpSync(old.files.journal, `${old.files.journal}.copy`);
    await splitJournal(old.files, silentLogger);
    cpSync(`${old.files.journal}.copy`, old.files.journal);
    const journal = openDatabase(old.files.journal, "full");
    journal.exec(`INSERT INTO events (at, body) VALUES (1, '{"kind":"x"}')`);
    journal.close();
    await expect(splitJournal(old.files, silentLogger)).rejects.toThrow(
      "was written by an earlier version beside",
    );
    expect(existsSync(old.files.journal)).toBe(true);
  });
});

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly bytes: Buffer | null;
}

/** The folder of a cloud of version 0.3.0. */
function oldCloud() {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  cpSync(GOLDEN, dir, { recursive: true });
  const settings = join(dir, "cloud.json");
  const text = readFileSync(settings, "utf8");
  const listen = { ...(JSON.parse(text) as object), listen: "127.0.0.1:0" };
  writeFileSync(settings, JSON.stringify(listen));
  const files = filesOf(dir);
  mkdirSync(files.observationsDir);
  const dispose = () => folder[Symbol.dispose]();
  return { dir, files, [Symbol.dispose]: dispose };
}

/** Adds so many events of both kinds, as 0.3.0 wrote them down. */
function fill(path: string, count: number): readonly Row[] {
  const journal = openDatabase(path, "full");
  const add = journal.prepare("INSERT INTO events (at, body) VALUES (?, ?)");
  journal.transaction(() => {
    for (let n = 1; n <= count; n++) {
      const seen = { kind: "agent-seen", agent: `agt-${n}`, version: "0.3.0" };
      const revoked = { kind: "agent-revoked", agent: `agt-${n}`, by: "first" };
      const event = n % 5 === 0 ? revoked : seen;
      add.run(1_700_000_000_000 + n, JSON.stringify(event));
    }
  })();
  journal.close();
  return rowsIn(path, "events");
}

function rowsIn(path: string, table: string): readonly Row[] {
  const database = openDatabase(path, "full");
  try {
    const bytes = table === "observations" ? "NULL AS bytes" : "bytes";
    return database
      .prepare<[], Row>(`SELECT seq, at, body, ${bytes} FROM ${table}`)
      .all();
  } finally {
    database.close();
  }
}

/** Both logs together begin with what the journal had, and nothing else. */
function expectAll(
  files: ReturnType<typeof filesOf>,
  before: readonly Row[],
): void {
  const last = before.at(-1)?.seq ?? 0;
  const after = [
    ...rowsIn(files.decisions, "decisions"),
    ...rowsIn(files.observations, "observations"),
  ].filter(({ seq }) => seq <= last);
  const sorted = after.sort((a, b) => a.seq - b.seq);
  expect(sorted.length).toBe(before.length);
  // Compared at once: an expectation a row would take a minute.
  expect(JSON.stringify(sorted) === JSON.stringify(before)).toBe(true);
}
