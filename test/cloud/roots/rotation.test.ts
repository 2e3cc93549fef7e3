import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { NO_HASH } from "../../../agent/model/position.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import type { TrustedRoot } from "../../../agent/trust/root.js";
import { verifyHead, verifySegment } from "../../../agent/trust/verify.js";
import {
  draftAfter,
  publicHalf,
  signDraft,
  type Draft,
} from "../../../cloud/roots/ceremony.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  enrolWith,
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import {
  publish,
  draftOf,
  renew,
  renewed,
  signedHere,
} from "../../support/cloud/rotation.js";

describe("a cloud whose content and head keys are renewed", () => {
  it("tells agents before it uses the new ones, on the same connection", async () => {
    await using cloud = await startTestCloud({
      heartbeatMs: 200,
      v1Agents: true,
    });
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    expect(agent.welcome.root).toBe(1);
    await cloud.ban("203.0.113.1");
    const first = await agent.nextSegment();
    const old = cloud.root;

    expect(await renew(cloud)).toEqual({ status: 201, body: { version: 2 } });
    const { root } = await agent.next("root");
    const next = old.next(root);
    await cloud.ban("203.0.113.2");
    const second = await agent.nextSegment();
    const { header, hash } = first;
    const at = { ...header, offset: header.last, hash };
    expect(() => verifySegment(second, at, expecting(next))).not.toThrow();
    expect(() => verifySegment(second, at, expecting(old))).toThrow(
      "bad-signature",
    );
    agent.messages.length = 0;
    const { heads } = await agent.next("heads");
    expect(heads.map((head) => verifyHead(head, next).feed)).toContain(
      "urgent",
    );
  });

  it("hands out what it signed before with the new ones, as the same chain", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const who = await cloud.enrol();
    await cloud.ban("203.0.113.1");
    await cloud.ban("203.0.113.2");
    const old = cloud.root;
    const next = await renewed(cloud);
    using agent = await TestAgent.connect(cloud, who);
    expect(agent.welcome.root).toBe(2);
    const urgent = { feed: "urgent" as const, offset: 0, hash: NO_HASH };
    const [one, two] = [await agent.nextSegment(), await agent.nextSegment()];
    const nothing = { ...urgent, epoch: one.header.epoch };
    expect(() => verifySegment(one, nothing, expecting(next))).not.toThrow();
    expect(() => verifySegment(one, nothing, expecting(old))).toThrow(
      "bad-signature",
    );
    expect(two.header.previous).toBe(Buffer.from(one.hash).toString("hex"));
  });

  it("serves every root, so that whoever was away gets them one by one", async () => {
    await using cloud = await startTestCloud();
    const old = cloud.root;
    await renewed(cloud);
    await renewed(cloud);
    let root = old;
    for (const version of [2, 3])
      root = root.next(await fetched(cloud, version));
    expect(root.fingerprint).toBe(cloud.signing.root.fingerprint);
    expect((await fetch(`${cloud.url}/v1/roots/4`)).status).toBe(404);
    expect((await fetch(`${cloud.url}/v1/roots/0`)).status).toBe(404);
  });

  it("goes on with them after a restart", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    {
      foundCloud({ ...founding, dir }, systemClock);
      await using cloud = await startTestCloud({ dir });
      await renewed(cloud);
    }
    await using again = await startTestCloud({ dir });
    expect(again.signing.version).toBe(2);
  });

  it("lets hosts in by a token from before, which pins the root before", async () => {
    await using cloud = await startTestCloud();
    const pinned = cloud.root.fingerprint;
    const token = await cloud.token(await cloud.addOrg("example"));
    await renewed(cloud);
    const { status, body } = await enrolWith(cloud.url, token, generateKey());
    const { root } = body as { root: SignedText };
    expect(status).toBe(201);
    expect(root).toEqual(cloud.signing.text(1));
    expect(pinned).not.toBe(cloud.signing.root.fingerprint);
  });
});

describe("a root is not published", () => {
  it.each<[string, (draft: Draft) => Draft, string]>([
    ["without the old root key", (draft) => stranger(draft), "bad-signature"],
    ["that was there", (draft) => draft, "replayed"],
  ])("%s", async (_, spoil, error) => {
    await using cloud = await startTestCloud();
    const good = draftOf(cloud);
    if (error === "replayed") await publish(cloud, good);
    const { status, body } = await publish(cloud, spoil(good));
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { code: error },
    });
  });

  it("while the cloud lacks the keys that it would have to sign with", async () => {
    await using cloud = await startTestCloud();
    const [content] = cloud.signing.contentKeys;
    const away = publicHalf(generateKey());
    const draft = draftAfter(
      cloud.signing.root.document,
      {
        add: [{ role: "content", key: away }],
        ...{ remove: [content?.id ?? ""], thresholds: {}, goodForMs: 1e9 },
      },
      Date.now(),
    );
    const { status, body } = await publish(cloud, signedHere(cloud, draft));
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: "bad-root" });
    expect(cloud.signing.version).toBe(1);
  });
});

describe("a draft", () => {
  it.each<[string, Spoiling, string]>([
    ["no key for a role", { remove: "head" }, "head needs 1 of 0 keys"],
    ["a threshold that none can meet", { threshold: 2 }, "needs 2 of 1 keys"],
  ])("is not made with %s", async (_, { remove, threshold }, why) => {
    await using cloud = await startTestCloud();
    const { document } = cloud.signing.root;
    const changes = {
      add: [],
      remove: remove === undefined ? [] : document.roles[remove].keys,
      thresholds: threshold === undefined ? {} : { head: threshold },
      goodForMs: 1e9,
    };
    expect(() => draftAfter(document, changes, Date.now())).toThrow(why);
  });

  it("is not made with a threshold of a role that nobody has", async () => {
    await using cloud = await startTestCloud();
    const { document } = cloud.signing.root;
    const thresholds = { release: 2 };
    const changes = { add: [], remove: [], thresholds, goodForMs: 1e9 };
    expect(() => draftAfter(document, changes, Date.now())).toThrow(
      "release needs 2 of 0 keys",
    );
  });
});

interface Spoiling {
  readonly remove?: "head";
  readonly threshold?: number;
}

const founding = {
  ...{ name: "test-cloud", publicUrl: undefined },
  listen: "127.0.0.1:0",
};

const stranger = (draft: Draft): Draft =>
  signDraft({ ...draft, signatures: [] }, generateKey(), "root");

const expecting = (root: TrustedRoot) => ({
  root,
  feeds: ["urgent" as const],
  now: Date.now(),
});

async function fetched(cloud: TestCloud, version: number) {
  const response = await fetch(`${cloud.url}/v1/roots/${version}`);
  return (await response.json()) as SignedText;
}
