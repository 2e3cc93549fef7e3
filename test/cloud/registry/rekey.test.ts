import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Rekey } from "../../../agent/protocol/rekey.js";
import { generateKey, type SigningKey } from "../../../agent/trust/keys.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import {
  makeKey,
  readIdentity,
} from "../../../service/identity/identity-store.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import {
  connected,
  enforces,
  settle,
  startIn,
} from "../../support/agent/enrolled-host.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

describe("a device key", () => {
  it("is changed while the agent runs; the old one is good for nothing", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    const before = readIdentity(folder.path);
    await using agent = await startIn(folder.path);
    await cloud.ban("203.0.113.1");
    await enforces(agent, "203.0.113.1");

    const key = await agent.rekeying.rekey();
    const { identity } = readIdentity(folder.path);
    expect(identity).toEqual({ ...before.identity, key });
    expect(keyFiles(folder.path)).toEqual([`device-${key}.key`]);
    await cloud.ban("203.0.113.2");
    await enforces(agent, "203.0.113.2");
    await receiptsOf(cloud, 2);
    await isVoid(cloud, before);
    await connected(agent); // whoever tried the old one disturbed nobody
  });

  it("is not changed without a link, and stays as it is", async () => {
    using folder = new TestFolder();
    {
      await using cloud = await startTestCloud();
      await settle(cloud, folder.path);
    }
    const before = readIdentity(folder.path).identity;
    await using agent = await startIn(folder.path);
    await expect(agent.rekeying.rekey()).rejects.toThrow("not connected");
    expect(readIdentity(folder.path).identity).toEqual(before);
  });

  it("changes in this process even where the disk takes no note of it", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    const before = readIdentity(folder.path);
    const log = new RecordingLogger();
    {
      const full = () => {
        throw new Error("no space left on device");
      };
      const keyStore = { ...before.keyStore, adopt: full };
      await using agent = await startIn(folder.path, { keyStore, log });
      await connected(agent);
      expect(await agent.rekeying.rekey()).not.toBe(before.deviceKey.id);
      await cloud.ban("203.0.113.1");
      await enforces(agent, "203.0.113.1");
      expect(log.lines).toContain(
        "error: cannot note on the disk which key counts",
      );
    }
    expect(readIdentity(folder.path).identity.key).toBe(before.deviceKey.id);
    await using again = await startIn(folder.path);
    await connected(again);
    expect(readIdentity(folder.path).identity.key).not.toBe(
      before.deviceKey.id,
    );
  });
});

/** What a change of the key has done when the power goes. */
const crashes: [
  string,
  (host: Crashing) => Promise<SigningKey> | SigningKey,
][] = [
  [
    "the key is on the disk",
    ({ stateDir, deviceKey }) => {
      makeKey(stateDir);
      return deviceKey;
    },
  ],
  [
    "the identity names it",
    ({ keyStore, deviceKey }) => {
      keyStore.prepare(deviceKey);
      return deviceKey;
    },
  ],
  [
    "the cloud has it",
    async (host) => {
      const next = host.keyStore.prepare(host.deviceKey);
      expect(await tell(host.cloud, host.who, next)).toBe(200);
      return next;
    },
  ],
  [
    "it is this host's, and the old one still lies beside it",
    async (host) => {
      const next = host.keyStore.prepare(host.deviceKey);
      expect(await tell(host.cloud, host.who, next)).toBe(200);
      host.keyStore.adopt(next);
      const old = join(host.stateDir, `device-${host.deviceKey.id}.key`);
      writeFileSync(old, host.deviceKey.toPem(), { mode: 0o600 });
      return next;
    },
  ],
];

describe("a crash while the key changes", () => {
  it.each(crashes)(
    "once %s",
    async (_, crash) => {
      using folder = new TestFolder();
      await using cloud = await startTestCloud();
      await settle(cloud, folder.path);
      const { identity, deviceKey, keyStore } = readIdentity(folder.path);
      const who = { ...identity, key: deviceKey };
      const stateDir = folder.path;
      const counts = await crash({ stateDir, cloud, who, deviceKey, keyStore });

      await using agent = await startIn(folder.path);
      await connected(agent);
      const settled = () => readIdentity(folder.path).identity;
      await until("no key is in doubt", () => settled().nextKey === undefined);
      expect(settled().key).toBe(counts.id);
      const next = await agent.rekeying.rekey();
      expect(settled()).toEqual({ ...identity, key: next });
      await isVoid(cloud, { identity, deviceKey });
    },
    30_000,
  );
});

describe("the cloud takes no other key", () => {
  const lies: [string, Partial<Rekey>, string][] = [
    ["another session's nonce", { nonce: "A".repeat(43) }, "nonce is of"],
    ["another cloud", { cloud: "evil.example" }, "is not this one"],
    ["another agent", { agent: "agt-1" }, "agt-1 does not ask"],
  ];
  it.each(lies)("for %s", async (_, lie, message) => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const key = generateKey();
    const { status, body } = await order(cloud, who, { next: key, lie });
    expect([status, body]).toEqual([400, expect.stringContaining(message)]);
    using again = await TestAgent.connect(cloud, who);
    expect(again.welcome.agent).toBe(who.agent);
  });

  it.each(["signature", "proof"] as const)("on a forged %s", async (which) => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const forged = { [which]: generateKey() };
    const { status } = await order(cloud, who, { next: generateKey(), forged });
    expect(status).toBe(403);
  });

  it("of whoever has no session", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const bearer = "A".repeat(43);
    const { status } = await order(cloud, who, { next: generateKey(), bearer });
    expect(status).toBe(401);
  });
});

interface Crashing {
  readonly stateDir: string;
  readonly cloud: TestCloud;
  readonly who: Enrolled;
  readonly deviceKey: SigningKey;
  readonly keyStore: ReturnType<typeof readIdentity>["keyStore"];
}

const tell = async (cloud: TestCloud, who: Enrolled, next: SigningKey) =>
  (await order(cloud, who, { next })).status;

/** Connects as the agent, and asks to be known by another key. */
async function order(
  cloud: TestCloud,
  who: Enrolled,
  ask: {
    readonly next: SigningKey;
    readonly lie?: Partial<Rekey>;
    readonly forged?: { signature?: SigningKey; proof?: SigningKey };
    readonly bearer?: string;
  },
): Promise<{ status: number; body: string }> {
  using agent = TestAgent.dial(cloud.url);
  const nonce = await agent.hello(who);
  const { session } = await agent.next("welcome");
  const { next, lie, forged, bearer = session } = ask;
  const publicKey = Buffer.from(next.publicKey).toString("base64url");
  const rekey = { agent: who.agent, nonce, cloud: who.cloud, publicKey };
  const document = { ...rekey, ...lie };
  const by = (key: SigningKey) => signAsDevice("rekey", document, key);
  const { signed, signature } = by(forged?.signature ?? who.key);
  const { signature: proof } = by(forged?.proof ?? next);
  const response = await fetch(`${cloud.url}/v1/rekey`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ signed, signature, proof }),
  });
  const { status } = response;
  if (status === 200) expect((await agent.ended).reason).toBe("rekeyed");
  return { status, body: await response.text() };
}

async function isVoid(
  cloud: TestCloud,
  {
    identity,
    deviceKey,
  }: Pick<ReturnType<typeof readIdentity>, "identity" | "deviceKey">,
): Promise<void> {
  using thief = TestAgent.dial(cloud.url);
  await thief.hello({ ...identity, key: deviceKey });
  expect((await thief.ended).reason).toBe("unauthenticated");
}

const keyFiles = (stateDir: string) =>
  readdirSync(stateDir).filter((name) => name.endsWith(".key"));

const receiptsOf = (cloud: TestCloud, offset: number) =>
  until(
    "the receipt is kept",
    async () => {
      const path = `/api/v1/receipts?feed=urgent&offset=${offset}`;
      type Answer = { items: unknown[] };
      return (await cloud.request<Answer>("GET", path)).body.items.length > 0;
    },
    15_000,
  );
