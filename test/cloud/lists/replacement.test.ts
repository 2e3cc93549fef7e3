import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { ImportTold } from "../../../cloud/cli/ask-bans.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";

describe("a list that replaces itself", () => {
  it("lifts what it has no more, and nothing else", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    await importList(cloud, "drop", ["192.0.2.1", "192.0.2.2"]);
    await importList(cloud, "other", ["198.51.100.1"]);
    await agent.nextSegment();
    await agent.nextSegment();

    const answer = await replace(cloud, "drop", ["192.0.2.2", "192.0.2.3"]);
    expect(answer.replaced).toEqual({ before: 2, lifted: 1, kept: 0 });
    const ops = [...readOps(await agent.nextSegment())];
    expect(ops.map(({ op, cidr }) => `${op} ${formatCidr(cidr)}`)).toEqual([
      "ban 192.0.2.2",
      "ban 192.0.2.3",
      "lift 192.0.2.1",
    ]);
    expect(await bansOf(cloud)).toBe(3);
  });

  it("knows what it brought in several imports, until a replacement", async () => {
    await using cloud = await startTestCloud();
    await importList(cloud, "drop", ["192.0.2.1"]);
    await importList(cloud, "drop", ["192.0.2.2"]);
    const first = await replace(cloud, "drop", ["192.0.2.3"]);
    expect(first.replaced).toEqual({ before: 2, lifted: 2, kept: 0 });
    const second = await replace(cloud, "drop", ["192.0.2.3"]);
    expect(second.replaced).toEqual({ before: 1, lifted: 0, kept: 0 });
    expect(await bansOf(cloud)).toBe(1);
  });

  it("leaves what another list has, or somebody bans by hand", async () => {
    await using cloud = await startTestCloud();
    const all = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    await importList(cloud, "drop", all);
    await importList(cloud, "other", ["192.0.2.1"]);
    await cloud.ban("192.0.2.2", { feed: "reputation" });
    // An operator's ban is older here, and is meant no less.
    await cloud.ban("192.0.2.5", { feed: "reputation" });
    await importList(cloud, "drop", ["192.0.2.5"]);

    const answer = await replace(cloud, "drop", ["192.0.2.4"]);
    expect(answer.replaced).toEqual({ before: 5, lifted: 1, kept: 3 });
    expect(await bansOf(cloud)).toBe(4);
    const other = await replace(cloud, "other", ["192.0.2.9"]);
    expect(other.replaced).toEqual({ before: 1, lifted: 1, kept: 0 });
  });

  it("is a list of its feed alone, and forgets what was lifted by hand", async () => {
    await using cloud = await startTestCloud();
    await importList(cloud, "drop", ["192.0.2.1"], "&feed=urgent");
    await importList(cloud, "drop", ["192.0.2.1", "192.0.2.2"]);
    await cloud.lift("192.0.2.2", { feed: "reputation" });
    const answer = await replace(cloud, "drop", ["192.0.2.7"]);
    expect(answer.replaced).toEqual({ before: 1, lifted: 1, kept: 0 });
    expect(await bansOf(cloud, "urgent")).toBe(1);
  });

  it("is judged before: a list cut short, or empty, lifts nothing", async () => {
    await using cloud = await startTestCloud();
    const many = Array.from({ length: 20 }, (_, n) => `192.0.2.${n}`);
    await importList(cloud, "drop", many);
    const cut = await send(cloud, "drop", many.slice(0, 9), "&replace=true");
    expect(cut.status).toBe(400);
    expect(JSON.stringify(cut.body)).toContain(
      "shrunk from 20 ranges to 9, and 11 bans would be lifted",
    );
    const empty = await send(cloud, "drop", ["# none"], "&replace=true");
    expect(empty.status).toBe(400);
    expect(await bansOf(cloud)).toBe(20);

    const force = "&replace=true&force=true";
    const forced = await send(cloud, "drop", many.slice(0, 9), force);
    expect(forced.body.replaced).toMatchObject({ lifted: 11 });
    const emptied = await send(cloud, "drop", ["# none"], force);
    expect(emptied.body.replaced).toMatchObject({ lifted: 9 });
    expect(await bansOf(cloud)).toBe(0);
  });

  it("needs a name", async () => {
    await using cloud = await startTestCloud();
    const path = "/api/v1/imports?replace=true";
    const { status, body } = await cloud.request("POST", path, "192.0.2.1");
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ field: "list" }] });
  });

  it("is still known after a restart, at full length", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const many = Array.from(
      { length: 12_000 },
      (_, n) => `203.0.${n >> 8}.${n & 255}`,
    );
    {
      await using cloud = await startTestCloud({ dir });
      await importList(cloud, "drop", [...many, "192.0.2.1"]);
    }
    await using cloud = await startTestCloud({ dir });
    const answer = await replace(cloud, "drop", [...many, "192.0.2.2"]);
    expect(answer.replaced).toEqual({ before: 12_001, lifted: 1, kept: 0 });
    expect(await bansOf(cloud)).toBe(12_001);
  });
});

describe("a dry run", () => {
  it("says what would be done, and does nothing", async () => {
    await using cloud = await startTestCloud();
    await importList(cloud, "drop", ["192.0.2.1", "192.0.2.2"]);
    const how = "&replace=true&dryRun=true";
    const tried = await send(cloud, "drop", ["192.0.2.2", "16.0.0.0/12"], how);
    expect(tried.status).toBe(200);
    expect(tried.body).toMatchObject({
      ...{ dryRun: true, entries: 2, unapproved: 1, decision: null },
      heldFirst: [{ range: "16.0.0.0/12", rule: "needs-approval" }],
      replaced: { before: 2, lifted: 1 },
    });
    const { body } = await cloud.request<{ items: unknown[] }>(
      "GET",
      "/api/v1/decisions",
    );
    expect(body.items).toHaveLength(1);
  });
});

const send = (
  cloud: TestCloud,
  list: string,
  ranges: readonly string[],
  more = "",
) =>
  cloud.request<ImportTold>(
    "POST",
    `/api/v1/imports?list=${list}${more}`,
    ranges.join("\n"),
  );

async function importList(
  ...args: Parameters<typeof send>
): Promise<ImportTold> {
  const { status, body } = await send(...args);
  expect(status).toBe(body.decision === null ? 200 : 201);
  return body;
}

const replace = (cloud: TestCloud, list: string, ranges: readonly string[]) =>
  importList(cloud, list, ranges, "&replace=true");

async function bansOf(cloud: TestCloud, feed = "reputation"): Promise<number> {
  type Feeds = { items: { feed: string; bans: number }[] };
  const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
  return body.items.find((each) => each.feed === feed)?.bans ?? 0;
}
