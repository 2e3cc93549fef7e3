import { randomUUID } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { AgentItem, CloneItem } from "../../../cloud/cli/ask-hosts.js";
import { filesOf } from "../../../cloud/folder.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { foundCloud } from "../../../cloud/setup.js";
import { readIdentity } from "../../../service/identity/identity-store.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import {
  connected,
  settle,
  startIn,
} from "../../support/agent/enrolled-host.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

const [FIRST, SECOND, THIRD] = [randomUUID(), randomUUID(), randomUUID()];

describe("two agents with one key", () => {
  it("are told apart from one, once, however often they take turns", async () => {
    using folder = new TestFolder();
    const [own, copy] = ["own", "copy"].map((name) => join(folder.path, name));
    await using cloud = await startTestCloud();
    await settle(cloud, own ?? "");
    cpSync(own ?? "", copy ?? "", { recursive: true });
    const log = new RecordingLogger();
    await using agent = await startIn(own ?? "", { log });
    await connected(agent);
    await using thief = await startIn(copy ?? "", { version: "6.6.6" });
    await connected(thief);
    const [clone] = await eventually(async () => some(await clonesOf(cloud)));
    const id = readIdentity(own ?? "").identity.agent;
    expect(clone).toMatchObject({
      agent: id,
      returned: { version: "0.4.0", address: "127.0.0.1" },
      newer: { version: "6.6.6", address: "127.0.0.1" },
      clearedAt: null,
    });
    const turns = () =>
      log.lines.filter((line) => line === "info: connected to the cloud");
    await until("they took turns", () => turns().length > 3, 20_000);
    expect(await clonesOf(cloud)).toHaveLength(1);
    expect(await flagsOf(cloud)).toEqual([1]);
    await cloud.request("POST", `/api/v1/agents/${id}/clear-clones`);
    expect((await clonesOf(cloud)).at(-1)?.clearedAt).not.toBeNull();
    await until(
      "it is told again, as both go on",
      async () => (await flagsOf(cloud))[0] === 1,
      20_000,
    );
    expect(await clonesOf(cloud)).toHaveLength(2);
  });
});

describe("a start of an agent", () => {
  it("that comes again, and one after it, are no clone", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    for (const boot of [FIRST, FIRST, SECOND, SECOND, THIRD]) {
      await comes(cloud, who, boot);
    }
    await restedRecorder(cloud);
    expect(await clonesOf(cloud)).toEqual([]);
  });

  it("that comes back is told over restarts of the cloud, each pair once", async () => {
    using folder = new TestFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const who = await firstAndSecond(dir);
    for (const pairs of [1, 1]) {
      await using cloud = await startTestCloud({ dir });
      for (const boot of [FIRST, SECOND, FIRST]) await comes(cloud, who, boot);
      await restedRecorder(cloud);
      expect(await clonesOf(cloud)).toHaveLength(pairs);
    }
    await using cloud = await startTestCloud({ dir });
    for (const boot of [THIRD, FIRST, SECOND]) await comes(cloud, who, boot);
    await restedRecorder(cloud);
    const pairs = await clonesOf(cloud);
    expect(
      pairs.map(({ returned, newer }) => [returned.boot, newer.boot]),
    ).toEqual([
      [SECOND, THIRD],
      [FIRST, THIRD],
      [FIRST, SECOND],
    ]);
  });

  it("says nothing of another agent's", async () => {
    await using cloud = await startTestCloud();
    const [one, two] = [await cloud.enrol(), await cloud.enrol()];
    await comes(cloud, one, FIRST);
    await comes(cloud, two, SECOND);
    await comes(cloud, one, FIRST);
    await restedRecorder(cloud);
    expect(await clonesOf(cloud)).toEqual([]);
  });
});

async function firstAndSecond(dir: string): Promise<Enrolled> {
  await using cloud = await startTestCloud({ dir });
  const who = await cloud.enrol();
  for (const boot of [FIRST, SECOND]) await comes(cloud, who, boot);
  await restedRecorder(cloud);
  return who;
}

async function comes(
  cloud: TestCloud,
  who: Enrolled,
  boot: string,
): Promise<void> {
  using agent = TestAgent.dial(cloud.url);
  await agent.hello(who, [], { boot });
  await agent.next("welcome");
}

const clonesOf = async (cloud: TestCloud) =>
  (await cloud.request<{ items: CloneItem[] }>("GET", "/api/v1/clones")).body
    .items;

const flagsOf = async (cloud: TestCloud) =>
  (
    await cloud.request<{ items: AgentItem[] }>("GET", "/api/v1/agents")
  ).body.items.map(({ cloned }) => cloned);

const some = <T>(list: readonly T[]) => (list.length > 0 ? list : undefined);

/** What was noted before is written down once a later note is. */
async function restedRecorder(cloud: TestCloud): Promise<void> {
  const marker = await cloud.enrol();
  await comes(cloud, marker, randomUUID());
  const path = filesOf(cloud.dir).observations;
  const observations = openDatabase(path, "read-only");
  const booted = observations.prepare<[string], { seq: number }>(
    `SELECT seq FROM observations
     WHERE body ->> '$.kind' = 'agent-booted' AND body ->> '$.agent' = ?`,
  );
  await eventually(() => booted.get(marker.agent));
  observations.close();
}
