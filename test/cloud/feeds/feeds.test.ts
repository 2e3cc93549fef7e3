import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { FOREVER } from "../../../agent/model/ban.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import { NO_HASH, type Position } from "../../../agent/model/position.js";
import { openSegments, readOps } from "../../../agent/protocol/segment.js";
import { openSnapshot, readBans } from "../../../agent/protocol/snapshot.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import {
  positionAfter,
  positionOf,
  verifyHead,
  verifySegment,
  verifySnapshot,
} from "../../../agent/trust/verify.js";
import { filesOf } from "../../../cloud/folder.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
} from "../../support/cloud/cloud.js";
import type { TestCloud } from "../../support/cloud/cloud.js";

describe("a feed", () => {
  it("is a chain that agents can verify, op by op", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    await cloud.ban("203.0.113.7", { reason: "ssh" });
    await cloud.ban("2001:db8::/32", { for: "permanent" });
    await cloud.lift("203.0.113.7");

    const expectation = expectationOf(cloud);
    let at: Position | undefined;
    const told: string[] = [];
    for (let i = 0; i < 3; i++) {
      const segment = verifySegment(await agent.nextSegment(), at, expectation);
      at = positionAfter(segment);
      for (const op of readOps(segment)) {
        told.push(`${op.op} ${formatCidr(op.cidr)}`);
        if (op.op === "ban" && op.cidr.family === 6) {
          expect(op.expiresAt).toBe(FOREVER);
        }
      }
    }
    expect(told).toEqual([
      "ban 203.0.113.7",
      "ban 2001:db8::/32",
      "lift 203.0.113.7",
    ]);
    expect(at?.offset).toBe(3);
  });

  it("goes on where it stood after a restart", async () => {
    using folder = temporaryFolder();
    const { dir, before } = await cloudThatStopped(folder.path);
    await using cloud = await startTestCloud({ dir });
    const after = await cloud.ban("203.0.113.8");
    expect(after.epoch).toBe(before.epoch);
    expect(after.offset).toBe(before.offset + 1);
  });

  it("has heads that a head key signed", async () => {
    await using cloud = await startTestCloud({ heartbeatMs: 100 });
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const decision = await cloud.ban("203.0.113.7");
    const segment = await agent.nextSegment();
    agent.messages.length = 0;
    const { heads } = await agent.next("heads");
    const [urgent, reputation, own] = heads.map((h) =>
      verifyHead(h, cloud.root),
    );
    expect(urgent).toMatchObject({ feed: "urgent", offset: decision.offset });
    expect(urgent?.hash).toBe(Buffer.from(segment.hash).toString("hex"));
    expect(reputation).toMatchObject({ feed: "reputation", offset: 0 });
    expect(own).toMatchObject({ feed: "org/example", offset: 0 });
  });

  it("keeps decisions of a crowd in order, none lost", async () => {
    await using cloud = await startTestCloud();
    const decisions = await Promise.all(
      Array.from({ length: 50 }, (_, i) => cloud.ban(`203.0.113.${i}`)),
    );
    const offsets = decisions.map(({ offset }) => offset).sort((a, b) => a - b);
    expect(offsets).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
});

describe("a snapshot", () => {
  it("holds exactly what the feed's history comes to", async () => {
    await using cloud = await startTestCloud();
    await cloud.request(
      "POST",
      "/api/v1/imports?reason=list",
      listOf(1_200, "10.0"),
    );
    await cloud.lift("10.0.0.5", { feed: "reputation" });
    const worse = { feed: "reputation", reason: "worse", for: "30d" };
    await cloud.ban("10.0.0.6", worse);
    await cloud.ban("10.0.0.0/24", { feed: "reputation" });
    await cloud.ban("2001:db8::/32", { feed: "reputation" });
    await cloud.ban("192.0.2.1", { feed: "reputation", for: "1s" });
    await new Promise((resolve) => setTimeout(resolve, 1_100));

    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    const plan = await agent.planOf(agent.welcome, "reputation");
    if (plan.mode !== "snapshot") throw new Error("no snapshot was planned");
    const bytes = await fetchAs(agent, cloud, `/v1/snapshots/${plan.sha256}`);
    const snapshot = verifySnapshot(
      openSnapshot(bytes),
      undefined,
      expectationOf(cloud),
    );

    expect(positionOf(snapshot)).toMatchObject({ epoch: plan.epoch });
    const bans = new Map<string, string>();
    for (const slice of readBans(snapshot)) {
      for (const { cidr, reason } of slice) bans.set(formatCidr(cidr), reason);
    }
    expect(bans.size).toBe(1_201);
    expect(bans.get("10.0.0.4")).toBe("list");
    expect(bans.has("10.0.0.5")).toBe(false);
    expect(bans.get("10.0.0.6")).toBe("worse");
    expect(bans.has("10.0.0.0/24")).toBe(true);
    expect(bans.has("2001:db8::/32")).toBe(true);
    expect(bans.has("192.0.2.1")).toBe(false);
  });

  it("is kept in three editions at most", async () => {
    await using cloud = await startTestCloud();
    for (let i = 0; i < 5; i++) {
      const import_ = listOf(12_000, `10.${i}`);
      await cloud.request("POST", "/api/v1/imports", import_);
      using agent = await TestAgent.connect(cloud, await cloud.enrol(`o${i}`));
      const { mode } = await agent.planOf(agent.welcome, "reputation");
      expect(mode).toBe("snapshot");
    }
    expect(readdirSync(join(cloud.dir, "snapshots"))).toHaveLength(3);
  });
});

describe("the read models", () => {
  it("are the same when folded anew", async () => {
    using folder = temporaryFolder();
    const { dir } = await cloudThatStopped(folder.path);
    const before = contentOf(dir);
    for (const name of readdirSync(dir)) {
      if (/^(view|bans)\.db/.test(name)) rmSync(join(dir, name));
    }
    expect(existsSync(join(dir, "view.db"))).toBe(false);
    {
      await using cloud = await startTestCloud({ dir });
      await cloud.request("GET", "/api/v1/feeds");
    }
    expect(contentOf(dir)).toEqual(before);
    expect(before["bans"]).toHaveLength(31);
  });
});

describe("a damaged read model", () => {
  it("is thrown away and folded anew", async () => {
    using folder = temporaryFolder();
    const { dir, before } = await cloudThatStopped(folder.path);
    for (const name of ["view.db", "bans.db"]) {
      writeFileSync(join(dir, name), "this is no database".repeat(500));
    }
    await using cloud = await startTestCloud({ dir });
    const after = await cloud.ban("203.0.113.8");
    expect(after.offset).toBe(before.offset + 1);
    const { body } = await cloud.request("GET", "/api/v1/feeds");
    expect(JSON.stringify(body)).toContain('"bans":30');
  });
});

describe("segments over HTTP", () => {
  it("come one behind the other, and lead to the same position", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    const first = await cloud.ban("192.0.2.1", { feed: "reputation" });
    await cloud.request("POST", "/api/v1/imports", listOf(9_000, "10.0"));
    const { epoch } = first;
    const query = `feed=reputation&epoch=${epoch}&from=1`;
    const bytes = await fetchAs(agent, cloud, `/v1/segments?${query}`);

    let at: Position | undefined;
    for (const { segment } of openSegments(bytes)) {
      at = positionAfter(verifySegment(segment, at, expectationOf(cloud)));
    }
    expect(at).toMatchObject({ offset: 9_001, epoch });
    expect(at?.hash).not.toEqual(NO_HASH);
  });
});

const expectationOf = (cloud: TestCloud) => ({
  root: cloud.root,
  feeds: ["urgent", "reputation", "org/example"] as const,
  now: Date.now(),
});

/** Made, used and stopped: what it leaves behind. */
async function cloudThatStopped(folder: string) {
  const dir = join(folder, "cloud");
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  await using cloud = await startTestCloud({ dir });
  await cloud.enrol();
  await cloud.request("POST", "/api/v1/imports", listOf(30, "10.0"));
  const before = await cloud.ban("203.0.113.7");
  // What the log takes down of itself: the bans' thread is to have seen it, too.
  using decided = disposable(openDatabase(filesOf(dir).decisions, "read-only"));
  const roots = decided.open.prepare(
    `SELECT 1 FROM decisions WHERE body LIKE '{"kind":"root-published"%'`,
  );
  await eventually(() => roots.get());
  await cloud.request("GET", "/api/v1/feeds");
  return { dir, before };
}

function contentOf(dir: string): Record<string, unknown[]> {
  const content: Record<string, unknown[]> = {};
  for (const file of ["view.db", "bans.db"]) {
    using database = disposable(openDatabase(join(dir, file), "read-only"));
    const tables = database.open
      .prepare<unknown[], { name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
      )
      .all();
    for (const { name } of tables) {
      if (name === "snapshots") continue;
      content[name] = database.open.prepare(`SELECT * FROM ${name}`).all();
    }
  }
  return content;
}

const disposable = <T extends { close(): unknown }>(open: T) => ({
  open,
  [Symbol.dispose]: () => void open.close(),
});

async function fetchAs(
  agent: { welcome: { session: string } },
  cloud: TestCloud,
  path: string,
): Promise<Buffer> {
  const response = await fetch(cloud.url + path, {
    headers: { authorization: `Bearer ${agent.welcome.session}` },
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** `count` addresses from `prefix`.0.0 on. */
const listOf = (count: number, prefix: string): string =>
  Array.from(
    { length: count },
    (_, i) => `${prefix}.${i >> 8}.${i & 255}`,
  ).join("\n");
