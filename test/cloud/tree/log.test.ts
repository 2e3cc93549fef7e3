import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { growsFrom } from "../../../agent/protocol/merkle-proof.js";
import { leafHash, rootOver } from "../../../agent/protocol/merkle-tree.js";
import { TreeHeadAnswer } from "../../../agent/protocol/tree-head.js";
import { parseJson } from "../../../agent/protocol/shapes.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { TrustedRoot } from "../../../agent/trust/root.js";
import { verifyTreeHead } from "../../../agent/trust/tree-head.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { LocalLog } from "../../../cloud/local-log.js";
import { Signing } from "../../../cloud/roots/signing.js";
import { foundCloud } from "../../../cloud/setup.js";
import { parseProof, verifyProof } from "../../../cloud/tree/proof.js";
import type { Proof } from "../../../cloud/tree/proof.js";
import { NotInTree, type Wanted } from "../../../cloud/tree/prover.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";

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
    const at = (index: number) => `0/${String(index).padStart(3, "0")}`;
    const leaves: Buffer[] = [];
    for (let index = 0; index < full; index += 1) {
      leaves.push(...(await tile(cloud, at(index))));
    }
    if (rest > 0) leaves.push(...(await tile(cloud, `${at(full)}.p/${rest}`)));
    expect(rootOver(leaves)).toEqual(head.root);
    const entries = await fetched(cloud, "tile/entries/000");
    const first = entries.subarray(2, 34);
    expect(entries.readUInt16BE(0)).toBe(32);
    expect(leafHash(first)).toEqual(leaves[0]);
    const [above] = await tile(cloud, `1/000.p/${full}`);
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

  it("takes observations in by digest, from whenever they are", async () => {
    using folder = new TestFolder();
    const dir = join(folder.path, "cloud");
    const seq = await observed(dir);
    await using cloud = await startTestCloud({ dir });
    const wanted = { of: "observation", seq } as const;
    const proof = await eventually(() => proofOf(dir, wanted));
    expect(proof.batch?.size).toBeGreaterThan(0);
    const { payload = "" } = verifyProof(proof, cloud.root);
    expect(JSON.parse(payload)).toMatchObject({
      seq,
      event: { kind: "agent-seen" },
    });
    const { payload: digest = "" } = proof.leaf;
    expect(JSON.parse(digest)).toMatchObject({ event: { kind: "observed" } });
  });
});

describe("a proof that is taken for another", () => {
  let folder: TestFolder;
  let trusted: TrustedRoot;
  let real: Readonly<Record<Proof["of"], Proof>>;
  beforeAll(async () => {
    folder = new TestFolder();
    const dir = join(folder.path, "cloud");
    const seq = await observed(dir);
    await using cloud = await startTestCloud({ dir });
    await cloud.ban("203.0.113.1");
    trusted = cloud.root;
    const proved = (wanted: Wanted) => eventually(() => proofOf(dir, wanted));
    real = {
      decision: await proved({ of: "decision", seq: 1 }),
      op: await proved({ of: "op", feed: "urgent", number: 1 }),
      observation: await proved({ of: "observation", seq }),
    };
  });
  afterAll(() => folder[Symbol.dispose]());

  const checked = (proof: unknown) =>
    verifyProof(parseProof(JSON.stringify(proof)), trusted);

  it("is good as it is", () => {
    for (const proof of Object.values(real)) {
      expect(checked(proof).payload).not.toBe("");
    }
  });

  it.each<[string, () => unknown, string]>([
    [
      "a decision of another number",
      () => ({ ...real.decision, seq: 2 }),
      "it shows decision 1, and says 2",
    ],
    [
      "an observation of another number",
      () => ({ ...real.observation, seq: real.observation.seq + 1 }),
      `and says`,
    ],
    [
      "an op that is called a decision",
      () => ({ ...real.op, of: "decision" }),
      "malformed the decision",
    ],
    [
      "a decision that is called an op",
      () => ({ ...real.decision, of: "op" }),
      "malformed the op",
    ],
    [
      "a decision with a batch",
      () => ({ ...real.decision, batch: real.observation.batch }),
      "it has a batch",
    ],
    [
      "a salt whose second half is the payload's",
      () => {
        const { salt = "", ...leaf } = real.decision.leaf;
        return { ...real.decision, leaf: { ...leaf, salt: salt.slice(32) } };
      },
      "malformed log proof: leaf.salt",
    ],
    [
      "an observation with a decision's salt",
      () => {
        const { salt = "", ...batch } = real.observation.batch ?? {};
        const longer = { ...batch, salt: salt + salt };
        return { ...real.observation, batch: longer };
      },
      "malformed log proof: batch.salt",
    ],
  ])("is none: %s", (_, proof, why) => {
    expect(() => checked(proof())).toThrow(why);
  });
});

/** Where a host came to a new cloud in this folder; that observation's number. */
async function observed(dir: string): Promise<number> {
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  await using cloud = await startTestCloud({ dir });
  using _agent = await TestAgent.connect(cloud, await cloud.enrol());
  const path = join(dir, "observations", "observations.db");
  return await eventually(() => {
    const file = openDatabase(path, "read-only");
    try {
      return file
        .prepare<[], number>(
          `SELECT seq FROM observations WHERE body LIKE '{"kind":"agent-seen"%'`,
        )
        .pluck()
        .get();
    } finally {
      file.close();
    }
  });
}

/** Undefined while it is in no tree yet. */
function proofOf(dir: string, wanted: Wanted): Proof | undefined {
  using local = new LocalLog(dir);
  try {
    const bare = local.prover.prove(wanted);
    const signing = Signing.open(dir);
    const checkpoint = local.head("test-cloud", signing, systemClock);
    return { ...bare, checkpoint };
  } catch (error) {
    if (error instanceof NotInTree) return undefined;
    throw error;
  }
}

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
