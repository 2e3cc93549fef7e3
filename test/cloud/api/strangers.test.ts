import { readdirSync, readlinkSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { Downloads } from "../../../cloud/api/downloads.js";
import { DOWNLOADS } from "../../../cloud/door/budgets.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { sharedCloud } from "../../support/cloud/shared-cloud.js";

describe("a snapshot", () => {
  it("is told of by HEAD without a body, and without opening its file", async () => {
    await using cloud = await startTestCloud();
    const { path, authorization, bytes } = await snapshotOf(cloud);
    for (let i = 0; i < 100; i++) {
      const method = "HEAD";
      const response = await fetch(cloud.url + path, {
        method,
        headers: { authorization },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-length")).toBe(String(bytes));
    }
    expect(openSnapshots(cloud)).toBe(0);
  });

  it("leaves no file open, whenever whoever fetches it hangs up", async () => {
    await using cloud = await startTestCloud();
    const { path, authorization } = await snapshotOf(cloud, 60_000);
    for (let i = 0; i < 30; i++) {
      const asked = http.get(cloud.url + path, { headers: { authorization } });
      asked.on("error", () => undefined);
      if (i % 3 === 0) asked.on("socket", () => setImmediate(hangUp));
      else asked.on("response", hangUp);
      await new Promise((resolve) => asked.on("close", resolve));
      function hangUp() {
        asked.destroy();
      }
    }
    await eventually(() => (openSnapshots(cloud) === 0 ? true : undefined));
    const whole = await fetch(cloud.url + path, { headers: { authorization } });
    expect(whole.status).toBe(200);
    await whole.arrayBuffer();
  });
});

describe("downloads", () => {
  it("of one agent are two at a time", () => {
    const downloads = new Downloads();
    const fetcher = { agent: "a", org: "o" };
    const begin = () => downloads.begin(fetcher, () => undefined);
    const first = begin();
    expect(begin()).toBeDefined();
    expect(begin()).toBeUndefined();
    first?.[Symbol.dispose]();
    expect(begin()).toBeDefined();
  });

  it("of one org wait for each other, and those of the largest make room", () => {
    const downloads = new Downloads();
    const cut: string[] = [];
    const begin = (org: string, i: number) =>
      downloads.begin({ agent: `${org}-${i >> 1}`, org }, () =>
        cut.push(`${org}-${i >> 1}`),
      );
    const orgs = DOWNLOADS.inAll / DOWNLOADS.ofOne;
    for (let org = 0; org < orgs; org++) {
      for (let i = 0; i < DOWNLOADS.ofOne; i++) {
        expect(begin(`org${org}`, i)).toBeDefined();
      }
      expect(begin(`org${org}`, 9_999)).toBeUndefined();
    }
    expect(cut).toEqual([]);
    expect(begin("another", 0)).toBeDefined();
    expect(cut).toEqual(["org0-0"]);
    expect(downloads.size).toBe(DOWNLOADS.inAll);
  });
});

describe("a bad request", () => {
  const shared = sharedCloud();
  const bodies: [string, string][] = [
    ["nested 4,000 deep", "[".repeat(4_000) + "]".repeat(4_000)],
    ["one long string", JSON.stringify({ signed: "x".repeat(8_000) })],
    [
      "a thousand fields that nobody knows",
      JSON.stringify(
        Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`f${i}`, i])),
      ),
    ],
    ["a field with a long name", JSON.stringify({ ["n".repeat(7_000)]: 1 })],
  ];

  it.each(bodies)("of strangers at rekey, %s: is not read", async (_, body) => {
    const cloud = shared();
    const response = await post(`${cloud.url}/v1/rekey`, "", body);
    expect(response.status).toBe(401);
    expect((await response.text()).length).toBeLessThan(400);
  });

  it.each(bodies)(
    "of strangers at enrol, %s: is hardly repeated",
    async (_, body) => {
      const cloud = shared();
      const response = await post(`${cloud.url}/v1/enrol`, "", body);
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(1_500);
    },
  );

  it.each([
    ...bodies,
    [
      "400,000 deep",
      `{"range":${"[".repeat(400_000)}${"]".repeat(400_000)}}`,
    ] as [string, string],
    [
      "ten thousand ranges that are none",
      JSON.stringify({ ranges: Array(10_000).fill("nonsense") }),
    ] as [string, string],
  ])("of an operator, %s: is answered shortly", async (_, body) => {
    const cloud = shared();
    const response = await post(
      `${cloud.url}/api/v1/bans`,
      cloud.operator,
      body,
    );
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(2_500);
  });

  it("that is too large is told so", async () => {
    const cloud = shared();
    const body = "x".repeat(2 * 1024 * 1024);
    const response = await post(
      `${cloud.url}/api/v1/bans`,
      cloud.operator,
      body,
    );
    expect(response.status).toBe(413);
  });

  it("for a path that is not there repeats little of it", async () => {
    const cloud = shared();
    const response = await fetch(`${cloud.url}/${"x".repeat(7_000)}`);
    expect(response.status).toBe(404);
    expect((await response.text()).length).toBeLessThan(800);
  });
});

const post = (url: string, token: string, body: string) =>
  fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body,
  });

/** Files of the cloud's snapshots that this process has open. */
function openSnapshots({ dir }: TestCloud): number {
  const folder = join(dir, "snapshots");
  const files = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  });
  return files.length;
}

async function snapshotOf(cloud: TestCloud, bans = 2_000) {
  const list = Array.from(
    { length: bans },
    (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
  );
  await cloud.request("POST", "/api/v1/imports", list.join("\n"));
  const agent = await TestAgent.connect(cloud, await cloud.enrol());
  const plan = await agent.planOf(agent.welcome, "reputation");
  if (plan.mode !== "snapshot") throw new Error("no snapshot was planned");
  const authorization = `Bearer ${agent.welcome.session}`;
  return {
    ...{ path: `/v1/snapshots/${plan.sha256}`, bytes: plan.bytes },
    authorization,
  };
}
