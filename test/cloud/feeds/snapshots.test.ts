import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "@jest/globals";
import { openDatabase } from "../../../cloud/journal/database.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";

describe("the thread that keeps the bans", () => {
  it("says what it cannot take in, and goes on once it can", async () => {
    await using cloud = await startTestCloud();
    expect(await health(cloud)).toEqual([200, { ok: true }]);
    rename(cloud, "bans", "gone");
    await cloud.ban("203.0.113.7");
    const [status, body] = await eventually(async () => {
      const answer = await health(cloud);
      return answer[0] === 200 ? undefined : answer;
    });
    expect(status).toBe(503);
    expect(body).toMatchObject({ ok: false, error: "degraded" });

    rename(cloud, "gone", "bans");
    await recovered(cloud);
    expect(await urgentBans(cloud)).toBe(1);
  });

  it("is started again when it ends", async () => {
    using workers = workersMade();
    await using cloud = await startTestCloud();
    await cloud.ban("203.0.113.7");
    await workers.made[0]?.terminate();
    expect(await health(cloud)).toMatchObject([503, { ok: false }]);
    await cloud.ban("203.0.113.8");
    await recovered(cloud);
    expect(workers.made).toHaveLength(3); // the tree has a thread as well
    expect(await urgentBans(cloud)).toBe(2);
  });
});

async function health(cloud: TestCloud): Promise<[number, unknown]> {
  const response = await fetch(`${cloud.url}/healthz`);
  return [response.status, await response.json()];
}

const recovered = (cloud: TestCloud) =>
  eventually(async () => ((await health(cloud))[0] === 200 ? true : undefined));

async function urgentBans(cloud: TestCloud): Promise<number | undefined> {
  type Feeds = { items: { feed: string; bans: number }[] };
  const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
  return body.items.find(({ feed }) => feed === "urgent")?.bans;
}

function rename({ dir }: TestCloud, from: string, to: string): void {
  const database = openDatabase(join(dir, "bans.db"), "rebuildable");
  database.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
  database.close();
}

/** Every thread that is started meanwhile. */
function workersMade(): Disposable & { readonly made: readonly Worker[] } {
  const made: Worker[] = [];
  const note = (message: unknown) =>
    void made.push((message as { worker: Worker }).worker);
  subscribe("worker_threads", note);
  return {
    made,
    [Symbol.dispose]: () => void unsubscribe("worker_threads", note),
  };
}
