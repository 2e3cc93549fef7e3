import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sha256 } from "../../../agent/protocol/sha256.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { parseByteRange } from "../../../cloud/api/byte-range.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";

describe("a snapshot over HTTP", () => {
  it("can be fetched whole and in ranges", async () => {
    await using cloud = await startTestCloud();
    const { path, session, hash } = await snapshotOf(cloud);
    const get = (range?: string) =>
      fetch(cloud.url + path, {
        headers: {
          authorization: `Bearer ${session}`,
          ...(range === undefined ? {} : { range }),
        },
      });

    const whole = await get();
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(whole.status).toBe(200);
    expect(whole.headers.get("etag")).toBe(`"${hash}"`);
    expect(whole.headers.get("cache-control")).toContain("immutable");
    expect(sha256(bytes).toString("hex")).toBe(hash);

    const rest = await get("bytes=100-");
    expect(rest.status).toBe(206);
    expect(rest.headers.get("content-range")).toBe(
      `bytes 100-${bytes.length - 1}/${bytes.length}`,
    );
    const tail = Buffer.from(await rest.arrayBuffer());
    expect(tail.equals(bytes.subarray(100))).toBe(true);

    const beyond = await get(`bytes=${bytes.length}-`);
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe(`bytes */${bytes.length}`);
  });

  it("is gone when its file is, and is built anew after a restart", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    {
      await using cloud = await startTestCloud({ dir });
      const { path, session, hash } = await snapshotOf(cloud);
      rmSync(join(dir, "snapshots", `${hash}.tqn`));
      const authorization = `Bearer ${session}`;
      const response = await fetch(cloud.url + path, {
        headers: { authorization },
      });
      expect(response.status).toBe(404);
    }
    await using cloud = await startTestCloud({ dir });
    using agent = await TestAgent.connect(cloud, await cloud.enrol("later"));
    const plan = await agent.planOf(agent.welcome, "reputation");
    if (plan.mode !== "snapshot") throw new Error("no snapshot was planned");
    expect(existsSync(join(dir, "snapshots", `${plan.sha256}.tqn`))).toBe(true);
  });

  it("is only for agents that are connected", async () => {
    await using cloud = await startTestCloud();
    const { path } = await snapshotOf(cloud);
    const response = await fetch(cloud.url + path, {
      headers: { authorization: `Bearer ${cloud.operator}` },
    });
    expect(response.status).toBe(401);
  });
});

describe("segments over HTTP", () => {
  it("can be asked for again once an answer has come", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const { epoch } = await cloud.ban("203.0.113.7");
    const get = () =>
      fetch(`${cloud.url}/v1/segments?feed=urgent&epoch=${epoch}&from=1`, {
        headers: { authorization: `Bearer ${agent.welcome.session}` },
      });
    for (let i = 0; i < 3; i++) {
      const response = await get();
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
  });

  it.each([
    ["another epoch", { epoch: "nope" }, [409, "wrong-epoch"]],
    ["the middle of a segment", { from: "3" }, [409, "no-segment"]],
    ["what is yet to come", { from: "99" }, [409, "no-segment"]],
    ["another org", { feed: "org/two" }, [403, "wrong-audience"]],
    ["no feed", { feed: "local" }, [400, "invalid"]],
  ])("are refused for %s", async (_, lie, [status, error]) => {
    await using cloud = await startTestCloud();
    const list = "10.0.0.1\n10.0.0.2\n10.0.0.3\n10.0.0.4";
    const imported = await cloud.request<{ epoch: string }>(
      ...(["POST", "/api/v1/imports"] as const),
      list,
    );
    await cloud.enrol("two");
    using agent = await TestAgent.connect(cloud, await cloud.enrol("one"));
    const { epoch } = imported.body;
    const asked = { feed: "reputation", epoch, from: "1", ...lie };
    const query = new URLSearchParams(asked).toString();
    const response = await fetch(`${cloud.url}/v1/segments?${query}`, {
      headers: { authorization: `Bearer ${agent.welcome.session}` },
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
  });
});

describe("a Range header", () => {
  it.each([
    [undefined, "whole"],
    ["bytes=0-", { start: 0, end: 99 }],
    ["bytes=10-19", { start: 10, end: 19 }],
    ["bytes=10-500", { start: 10, end: 99 }],
    ["bytes=-5", { start: 95, end: 99 }],
    ["bytes=-500", { start: 0, end: 99 }],
    ["bytes=100-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=9-3", "whole"],
    ["bytes=0-1,5-6", "whole"],
    ["lines=1-2", "whole"],
  ])("%s is read as %j", (header, expected) => {
    expect(parseByteRange(header, 100)).toEqual(expected);
  });
});

async function snapshotOf(cloud: TestCloud) {
  const list = Array.from(
    { length: 2_000 },
    (_, i) => `10.0.${i >> 8}.${i & 255}`,
  );
  await cloud.request("POST", "/api/v1/imports", list.join("\n"));
  const agent = await TestAgent.connect(cloud, await cloud.enrol());
  const plan = await agent.planOf(agent.welcome, "reputation");
  if (plan.mode !== "snapshot") throw new Error("no snapshot was planned");
  const path = `/v1/snapshots/${plan.sha256}`;
  return { path, session: agent.welcome.session, hash: plan.sha256 };
}
