import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import type { Head } from "../../../agent/protocol/documents.js";
import { openSegment, sealSegment } from "../../../agent/protocol/segment.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { messageOf } from "../../../agent/text/message.js";
import { signerOf, signText } from "../../../agent/trust/sign.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import {
  bundleOf,
  handIn,
  lonelyHost,
  opened,
  rewritten,
  type Part,
} from "../../support/cloud/carried.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";

/** A host that took in op 1 of urgent, and bundles that go on from there to op 4. */
describe("a bundle that is not as it must be", () => {
  const folder = new TestFolder();
  let cloud: TestCloud;
  let agent: Agent;
  let first: Buffer;
  let next: Buffer;

  beforeAll(async () => {
    cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    first = await bundleOf(cloud);
    await handIn(agent, first);
    const [at] = agent.ledger.positions();
    const hash = Buffer.from(at!.hash).toString("hex");
    const since = [{ feed: "urgent", epoch: at!.epoch, offset: 1, hash }];
    for (const last of [2, 3, 4]) await cloud.ban(`203.0.113.${last}`);
    next = await bundleOf(cloud, { since });
  });

  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await cloud[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("is good as the cloud made it", async () => {
    const kinds = opened(next).parts.map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...["root", "segment", "segment", "segment", "head", "head", "head"],
    ]);
    const { feeds } = await handIn(agent, next, true);
    expect(feeds[0]).toMatchObject({ after: { offset: 4 } });
  });

  it.each<[string, (parts: readonly Part[]) => readonly Part[], RegExp]>([
    [
      "with a hole in a feed",
      (parts) => without(parts, 2),
      /part 3 \(segment of urgent, ops 4 to 4\): urgent is at 2, the segment at 4 \(gap\)/,
    ],
    [
      "with a hole at a feed's beginning",
      (parts) => without(parts, 1),
      /part 2 \(segment of urgent, ops 3 to 3\): urgent is at 1, the segment at 3 \(gap\)/,
    ],
    [
      "with a hole at a feed's end",
      (parts) => without(parts, 3),
      /urgent: its parts end at \w+\/3, and its head says \w+\/4 \(gap\)/,
    ],
    [
      "without a feed's parts",
      (parts) => parts.filter(({ kind }) => kind !== "segment"),
      /urgent: this host is at \w+\/1, the head at \w+\/4, and nothing leads there \(gap\)/,
    ],
    [
      "without a head",
      (parts) => parts.slice(0, -1),
      /the bundle has no head of org\/example \(gap\)/,
    ],
    [
      "with two heads of a feed",
      (parts) => [...parts, parts.at(-1)!],
      /part 8 \(head\): org\/example has a head already \(replayed\)/,
    ],
    [
      "with a segment out of its order",
      (parts) => [parts[0]!, parts[2]!, parts[1]!, ...parts.slice(3)],
      /part 2 \(segment of urgent, ops 3 to 3\): .* \(gap\)/,
    ],
    [
      "with a segment that nobody signed",
      (parts) => at(parts, 1, (bytes) => flipped(bytes, bytes.length - 1)),
      /part 2 \(segment of urgent, ops 2 to 2\): 0 of 1 needed signatures for content are good.* \(bad-signature\)/,
    ],
    [
      "with a segment that is no segment",
      (parts) => at(parts, 1, () => Buffer.from("nothing of it")),
      /part 2 \(segment\): malformed segment: .* \(malformed\)/,
    ],
    [
      "with a head that nobody signed",
      (parts) => at(parts, 4, (bytes) => withTime(bytes, 0)),
      /part 5 \(head\): 0 of 1 needed signatures for head are good.* \(bad-signature\)/,
    ],
  ])("%s names the part, and changes nothing", async (_, parts, why) => {
    await refuses(rewritten(next, { parts }), why);
  });

  it("of another org is refused, by what it says", async () => {
    const header = { org: "acme" };
    const why =
      /for hosts of acme, and this one is of example \(wrong-audience\)/;
    await refuses(rewritten(next, { header }), why);
  });

  it("of another org is refused, whatever it says", async () => {
    await cloud.addOrg("acme");
    await cloud.ban("203.0.113.9", { feed: "org/acme" });
    const theirs = await bundleOf(cloud, { org: "acme" });
    const header = { org: "example" };
    const why =
      /part \d+ \(snapshot of org\/acme at op 1\): this agent does not follow org\/acme \(wrong-feed\)/;
    await refuses(rewritten(theirs, { header }), why);
  });

  it("of another cloud is refused, by its name and without", async () => {
    await using other = await startTestCloud();
    await other.addOrg("example");
    await other.ban("203.0.113.9");
    const theirs = await bundleOf(other);
    // Both go by the name of all test clouds: only their keys tell them apart.
    await refuses(theirs, /part 1 \(root\): .* \(bad-signature\)/);
    const header = { cloud: "elsewhere" };
    const why = /of the cloud elsewhere, and this host's is test-cloud/;
    await refuses(rewritten(next, { header }), why);
  });

  it("that is older than what this host has is refused", async () => {
    const newer = await startNext();
    await using host = newer;
    await expect(handIn(host.agent, first)).rejects.toThrow(
      /older than what this host has: urgent is at \w+\/4 here, and ends at 1 there \(replayed\)/,
    );
  });

  it("that has run out is refused, with the part", async () => {
    const parts = (all: readonly Part[]) =>
      at(all, 1, (bytes) => runOut(bytes, cloud));
    const why =
      /part 2 \(segment of urgent, ops 2 to 2\): it was good until .* \(expired\)/;
    await refuses(rewritten(next, { parts }), why);
  });

  it("whose chain forks from this host's is refused", async () => {
    const parts = (all: readonly Part[]) =>
      at(all, 1, (bytes) => behindAnother(bytes, cloud));
    const why =
      /part 2 \(segment of urgent, ops 2 to 2\): urgent at 1 is \w+, not 0101\w+ \(forked\)/;
    await refuses(rewritten(next, { parts }), why);
  });

  it("whose head is of another history at this host's place is refused", async () => {
    const parts = (all: readonly Part[]) => [
      all[0]!,
      ...all.slice(4).map((part) => ({
        ...part,
        bytes: headElsewhere(part.bytes, cloud),
      })),
    ];
    await refuses(rewritten(next, { parts }), /\(forked\)/);
  });

  it.each([
    ["in its magic", 2, /is cut off in the magic/],
    ["in its header", 40, /is cut off in the header/],
    ["in a part", 2_000, /is cut off in part \d, a \w+: \d+ bytes are missing/],
    ["before its end", -41, /is cut off in part 8: 5 bytes are missing/],
    ["in its end", -1, /is cut off in the end: 1 bytes are missing/],
  ])("cut %s says so", async (_, length, why) => {
    await refuses(next.subarray(0, length), why);
  });

  it("with bytes behind its end is refused", async () => {
    const longer = Buffer.concat([next, Buffer.from("and more")]);
    await refuses(longer, /goes on for 8 bytes behind its end/);
  });

  it("that was damaged on its way says so", async () => {
    const { header } = opened(next);
    const inHeader = next.indexOf(`"madeAt":${header.madeAt}`) + 9;
    const damaged = Buffer.from(next);
    damaged[inHeader] = damaged[inHeader]! === 0x31 ? 0x32 : 0x31;
    await refuses(damaged, /its bytes have another hash/);
  });

  it("that is anything else says so", async () => {
    const text = Buffer.from("#!/bin/sh\nrm -rf everything\n");
    await refuses(text, /begins with 23212f62, which no bundle does/);
  });

  it("of which less or more comes than was said is not looked at", async () => {
    const come = (size: number) =>
      agent.carry.apply(
        { bytes: once(next), size, dryRun: false },
        ...(["a test", () => undefined] as const),
      );
    await expect(come(next.length - 1)).rejects.toThrow("more came than");
    await expect(come(next.length + 1)).rejects.toThrow("and then no more");
    await expect(come(2 ** 40)).rejects.toThrow("at most 268435456 bytes");
    await expect(come(NaN)).rejects.toThrow("a bundle has at most");
    unchanged();
  });

  it("while another is applied has to wait", async () => {
    const [one, other] = await Promise.allSettled([
      handIn(agent, next, true),
      handIn(agent, next, true),
    ]);
    expect(one.status).toBe("fulfilled");
    const why = other.status === "rejected" ? String(other.reason) : "";
    expect(why).toContain("another bundle is being applied");
  });

  async function refuses(bundle: Uint8Array, why: RegExp): Promise<void> {
    const message = await handIn(agent, bundle).then(
      () => "it was taken",
      (error: unknown) => messageOf(error),
    );
    expect(message).toMatch(why);
    expect(message).toMatch(/nothing was changed$/);
    unchanged();
  }

  function unchanged(): void {
    expect(agent.ledger.positions()).toMatchObject([
      { feed: "urgent", offset: 1 },
    ]);
    expect(agent.ledger.revision()).toBe(1);
    expect(agent.trust.roots.current.document.version).toBe(1);
    expect(agent.trust.heads.sights()[0]?.head).toMatchObject({ offset: 1 });
    expect(readdirSync(join(folder.path, "carry"))).toEqual(["last.json"]);
  }

  /** Another host, which is at op 4. */
  async function startNext() {
    const own = new TestFolder();
    const other = await lonelyHost(cloud, own, "example");
    await handIn(other, await bundleOf(cloud, { org: "example" }));
    return {
      agent: other,
      [Symbol.asyncDispose]: async () => {
        await other[Symbol.asyncDispose]();
        own[Symbol.dispose]();
      },
    };
  }
});

const without = (parts: readonly Part[], index: number): readonly Part[] =>
  parts.filter((_, i) => i !== index);

const at = (
  parts: readonly Part[],
  index: number,
  change: (bytes: Uint8Array) => Uint8Array,
): readonly Part[] =>
  parts.map((part, i) =>
    i === index ? { ...part, bytes: change(part.bytes) } : part,
  );

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const changed = Buffer.from(bytes);
  changed[index]! ^= 1;
  return changed;
}

function withTime(bytes: Uint8Array, time: number): Uint8Array {
  const text = JSON.parse(Buffer.from(bytes).toString()) as SignedText;
  const head = JSON.parse(text.signed) as Head;
  const signed = JSON.stringify({ ...head, time });
  return Buffer.from(JSON.stringify({ ...text, signed }));
}

/** Signed well, and about a history that this host was not shown. */
function headElsewhere(bytes: Uint8Array, cloud: TestCloud): Uint8Array {
  const text = JSON.parse(Buffer.from(bytes).toString()) as SignedText;
  const head = JSON.parse(text.signed) as Head;
  if (head.feed !== "urgent") return bytes;
  const other = { ...head, offset: 1, hash: "01".repeat(32) };
  const { headKeys } = cloud.signing;
  return Buffer.from(JSON.stringify(signText("head", other, headKeys)));
}

const runOut = (bytes: Uint8Array, cloud: TestCloud): Uint8Array =>
  resealed(bytes, cloud, { notAfter: Date.now() - 1_000 });

const behindAnother = (bytes: Uint8Array, cloud: TestCloud): Uint8Array =>
  resealed(bytes, cloud, { previous: Buffer.alloc(32, 1) });

/** As a cloud would have made it that meant something else. */
function resealed(
  bytes: Uint8Array,
  cloud: TestCloud,
  more: { readonly notAfter?: number; readonly previous?: Uint8Array },
): Uint8Array {
  const { header } = openSegment(bytes);
  const { feed, epoch, first, issuedAt, notAfter } = header;
  const previous = Buffer.from(header.previous, "hex");
  const op = { op: "lift", cidr: parseCidr("203.0.113.200") } as const;
  const draft = { feed, epoch, first, previous, issuedAt, notAfter };
  const sign = signerOf(cloud.signing.contentKeys);
  return sealSegment({ ...draft, ...more, ops: [op] }, sign).bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await systemClock.sleep(0);
  yield bytes;
}
