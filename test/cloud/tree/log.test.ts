import { describe, expect, it } from "@jest/globals";
import { growsFrom, includes } from "../../../agent/protocol/merkle-proof.js";
import { leafHash, rootOver } from "../../../agent/protocol/merkle-tree.js";
import { TreeHeadAnswer } from "../../../agent/protocol/tree-head.js";
import { parseJson } from "../../../agent/protocol/shapes.js";
import { verifyTreeHead } from "../../../agent/trust/tree-head.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";

describe("a cloud's log", () => {
  it("has a head that its root's log key signed, and grows from what was shown", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const first = await grown(cloud, 3);
    for (let n = 1; n < 40; n += 1) await cloud.ban(`203.0.113.${n}`);
    await grown(cloud, first.size + 39);
    const answer = await asked(cloud, agent, first.size);
    const head = verifyTreeHead(answer.checkpoint, cloud.root);
    expect(head.origin).toMatch(/^tourniquet\/test-cloud\/[0-9a-f]{16}$/);
    expect(Math.abs(head.time * 1000 - Date.now())).toBeLessThan(60_000);
    const proof = answer.proof.map((hash) => Buffer.from(hash, "base64url"));
    expect(growsFrom({ before: first, after: head, proof })).toBe(true);
  });

  it("is served in tiles that make its root, to anybody", async () => {
    await using cloud = await startTestCloud();
    for (let n = 1; n <= 150; n += 1) await cloud.ban(`203.0.113.${n}`);
    const head = await grown(cloud, 300);
    const { size } = head;
    const full = Math.floor(size / 256);
    const rest = size % 256;
    const leaves = [
      ...(full > 0 ? await tile(cloud, "0/000") : []),
      ...(await tile(cloud, `0/${String(full).padStart(3, "0")}.p/${rest}`)),
    ];
    expect(rootOver(leaves)).toEqual(head.root);
    const entries = await fetched(cloud, "tile/entries/000");
    const first = entries.subarray(2, 34);
    expect(entries.readUInt16BE(0)).toBe(32);
    expect(leafHash(first)).toEqual(leaves[0]);
    const [above] = await tile(cloud, "1/000.p/1");
    expect(above).toEqual(rootOver(leaves.slice(0, 256)));
  });

  it.each([
    "tile/0/001",
    "tile/0/000.p/256",
    "tile/0/000.p/0",
    "tile/0/0",
    "tile/00/000.p/1",
    "tile/0/x000/000.p/1",
    "tile/0/-01",
    "tile/entries/000.p/255",
    "tile/64/000",
    "tile/1/000.p/1",
  ])("has no %s", async (path) => {
    await using cloud = await startTestCloud();
    const { status } = await fetch(`${cloud.url}/v2/log/${path}`);
    expect(status).toBe(404);
  });

  it("shows a proof to agents alone", async () => {
    await using cloud = await startTestCloud();
    const { status } = await fetch(`${cloud.url}/v2/log/head?from=0`);
    expect(status).toBe(401);
  });

  it("is signed by nobody where the root has no role for it", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const { status } = await fetch(`${cloud.url}/v2/log/checkpoint`);
    expect(status).toBe(404);
  });

  it("takes observations in by digest", async () => {
    await using cloud = await startTestCloud();
    using _agent = await TestAgent.connect(cloud, await cloud.enrol());
    await eventually(async () => {
      const { size } = await headOf(cloud);
      return size > 5 ? size : undefined;
    });
    expect(includes).toBeDefined();
  });
});

async function fetched(cloud: TestCloud, path: string): Promise<Buffer> {
  const response = await fetch(`${cloud.url}/v2/log/${path}`);
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return Buffer.from(await response.arrayBuffer());
}

async function tile(cloud: TestCloud, path: string) {
  const bytes = await fetched(cloud, `tile/${path}`);
  return Array.from({ length: bytes.length / 32 }, (_, n) =>
    bytes.subarray(n * 32, n * 32 + 32),
  );
}

const headOf = async (cloud: TestCloud) =>
  verifyTreeHead((await fetched(cloud, "checkpoint")).toString(), cloud.root);

const grown = (cloud: TestCloud, size: number) =>
  eventually(async () => {
    const { status } = await fetch(`${cloud.url}/v2/log/checkpoint`);
    if (status !== 200) return undefined;
    const head = await headOf(cloud);
    return head.size >= size ? head : undefined;
  });

type Connected = Awaited<ReturnType<typeof TestAgent.connect>>;

async function asked(cloud: TestCloud, agent: Connected, from: number) {
  const response = await fetch(`${cloud.url}/v2/log/head?from=${from}`, {
    headers: { authorization: `Bearer ${agent.welcome.session}` },
  });
  return parseJson(TreeHeadAnswer, await response.text(), "answer");
}
