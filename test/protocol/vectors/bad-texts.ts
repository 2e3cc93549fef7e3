import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { signAsDevice, signText } from "../../../agent/trust/sign.js";
import {
  keys,
  rootDocument,
  signRoot,
  token,
  type KeyName,
} from "../../support/vectors.js";
import { badApprovals } from "./bad-approvals.js";
import { badNextRoots } from "./bad-roots.js";
import { badTextsV2 } from "./bad-texts-v2.js";
import { row } from "./text-row.js";
import { signHead, urgentHead } from "./documents.js";
import type { BadVector } from "./vector.js";

/** Messages and documents that are wrong. */
export function badTexts(): readonly BadVector[] {
  return [
    ...noMessages(),
    ...badCloudMessages(),
    ...badAgentMessages(),
    ...badHeads(),
    ...badRoots(),
    ...badNextRoots(),
    ...badApprovals(),
    ...badTokens(),
    ...badTextsV2(),
  ];
}

const challenge = {
  type: "challenge",
  nonce: token(1),
  time: 0,
  cloud: "cloud.example",
};

const welcome = {
  type: "welcome",
  agent: "agt_1",
  org: "example",
  session: token(2),
  heartbeatMs: 25_000,
  root: 1,
  plans: [] as readonly unknown[],
};

const plan = {
  mode: "segments",
  feed: "urgent",
  epoch: "e1",
  from: 1,
  to: 2,
};

const at = {
  feed: "urgent",
  epoch: "e1",
  offset: 4,
  hash: "ab".repeat(32),
};

function noMessages(): readonly BadVector[] {
  const bad = (name: string, text: string) => row("cloud message", name, text);
  const drain = JSON.stringify({ type: "drain", windowMs: 1 });
  return [
    bad("nothing", ""),
    bad("no JSON", "hello"),
    bad("JSON cut off", drain.slice(0, -1)),
    bad("two messages", drain + drain),
    bad("a list", `[${drain}]`),
    bad("null", "null"),
    bad("a number", "7"),
    bad("brackets a thousand deep", "[".repeat(1_000)),
    bad("a field twice", '{"type":"drain","windowMs":1,"windowMs":2}'),
    bad(
      "a field twice, once with an escape in its name",
      '{"type":"drain","windowMs":1,"window\\u004ds":2}',
    ),
    bad("no type", '{"windowMs":1}'),
    bad("an unknown type", '{"type":"dance"}'),
    bad(
      "the agent's own words",
      JSON.stringify({ type: "resume", feed: "urgent" }),
    ),
    {
      ...bad("one byte more than 64 KiB", drain),
      fill: {
        at: drain.length,
        byte: 0x20,
        count: 64 * 1024 + 1 - drain.length,
      },
    },
    {
      ...bad("64 KiB to the byte, which is taken in", drain),
      refusal: null,
      fill: { at: drain.length, byte: 0x20, count: 64 * 1024 - drain.length },
    },
  ];
}

function badCloudMessages(): readonly BadVector[] {
  const bad = (name: string, message: object) =>
    row("cloud message", name, JSON.stringify(message));
  const plans = (...plans: readonly unknown[]) => ({ ...welcome, plans });
  return [
    bad("an unknown field", { ...challenge, colour: "red" }),
    bad("a nonce of 31 bytes", { ...challenge, nonce: "A".repeat(42) }),
    bad("a nonce in plain base64", { ...challenge, nonce: "+".repeat(43) }),
    bad("a padded nonce", { ...challenge, nonce: `${"A".repeat(42)}=` }),
    bad("no time", { ...challenge, time: undefined }),
    bad("a time before 1970", { ...challenge, time: -1 }),
    bad("a cloud with a line break", { ...challenge, cloud: "a\nb" }),
    bad("a cloud of 129 characters", { ...challenge, cloud: "a".repeat(129) }),
    bad("an agent in capitals", { ...welcome, agent: "AGT" }),
    bad("a heartbeat of 99 ms", { ...welcome, heartbeatMs: 99 }),
    bad("a heartbeat of ten minutes and more", {
      ...welcome,
      heartbeatMs: 600_001,
    }),
    bad("nine plans", plans(...Array.from({ length: 9 }, () => plan))),
    bad("an unknown plan", plans({ ...plan, mode: "guess" })),
    bad("a plan with another's field", plans({ ...plan, bytes: 1 })),
    bad("a snapshot above 64 MiB", {
      type: "plan",
      plans: [
        {
          mode: "snapshot",
          feed: "urgent",
          epoch: "e1",
          offset: 1,
          sha256: "ab".repeat(32),
          bytes: 64 * 1024 * 1024 + 1,
        },
      ],
    }),
    bad("a head without signatures", {
      type: "heads",
      heads: [{ signed: "{}", signatures: [] }],
    }),
    bad("an unknown reason to resync", {
      type: "resync",
      feed: "urgent",
      reason: "mood",
    }),
    bad("a question about no range", { ...question, ranges: [] }),
    bad("a question about 257 ranges", {
      ...question,
      ranges: Array.from({ length: 257 }, () => "192.0.2.1"),
    }),
    bad("a question about a range with host bits", {
      ...question,
      ranges: ["192.0.2.1/24"],
    }),
    bad("a question about a range in other clothes", {
      ...question,
      ranges: ["::ffff:192.0.2.1"],
    }),
    bad("a question about a name", { ...question, ranges: ["example.com"] }),
    bad("a question without an id", { ...question, id: "1" }),
    bad("a drain of more than an hour", {
      type: "drain",
      windowMs: 3_600_001,
    }),
  ];
}

const question = {
  type: "impact-question",
  id: "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34",
  ranges: ["192.0.2.1"],
};

const answer = {
  ...{ type: "impact-answer", id: question.id, since: 0, whole: true },
  ...{ live: 0, liveBegun: 0, recent: 0, recentBegun: 0 },
};

function badAgentMessages(): readonly BadVector[] {
  const bad = (name: string, message: object) =>
    row("agent message", name, JSON.stringify(message));
  const resume = (position: object) => ({
    type: "resume",
    feed: "urgent",
    position,
  });
  const refusal = { type: "refusal", feed: "urgent", code: "gap", detail: "" };
  return [
    bad("the cloud's own words", challenge),
    bad("a hello without signature", { type: "hello", signed: "{}" }),
    bad("a hello as an object", {
      type: "hello",
      signed: {},
      signature: "A".repeat(86),
    }),
    bad("a signature of 63 bytes", {
      type: "receipt",
      signed: "{}",
      signature: "A".repeat(84),
    }),
    bad(
      "a hello of nine positions",
      hello(Array.from({ length: 9 }, () => at)),
    ),
    bad("a resume of no feed", { type: "resume", position: at }),
    bad("a resume of several feeds", { type: "resume", positions: [at] }),
    bad("no position as null", {
      type: "resume",
      feed: "urgent",
      position: null,
    }),
    bad("a position with a fraction", resume({ ...at, offset: 1.5 })),
    bad("a position beyond 2^53 - 1", resume({ ...at, offset: 2 ** 53 })),
    bad("a position in no feed", resume({ ...at, feed: "everything" })),
    bad(
      "an org of 33 characters",
      resume({ ...at, feed: `org/${"a".repeat(33)}` }),
    ),
    bad("an epoch of 33 characters", resume({ ...at, epoch: "a".repeat(33) })),
    bad("an unknown refusal code", { ...refusal, code: "bored" }),
    bad("a detail of 513 characters", { ...refusal, detail: "a".repeat(513) }),
    bad("a detail with an escape", { ...refusal, detail: "\u001b[2J" }),
    bad("an impact beyond 65,536", { ...answer, live: 65_537 }),
    bad("an impact that is negative", { ...answer, recent: -1 }),
    bad("an impact with an address", { ...answer, remote: "192.0.2.1" }),
    bad("an unknown reason to be silent", {
      ...{ type: "impact-refusal", id: question.id, why: "mood" },
    }),
  ];
}

function hello(positions: readonly unknown[]) {
  const document = {
    agent: "agt_1",
    nonce: token(1),
    cloud: "cloud.example",
    time: 0,
    version: "0.1.0",
    boot: "123e4567-e89b-42d3-a456-426614174000",
    positions,
  };
  return { type: "hello", ...signAsDevice("hello", document, keys.device) };
}

function badHeads(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("head", name, JSON.stringify(text), refusal);
  const good = signHead(urgentHead);
  const signedBy = (name: KeyName) =>
    signText("head", urgentHead, [keys[name]]);
  return [
    bad("signed by a content key", signedBy("contentA"), "bad-signature"),
    bad("signed by an unlisted key", signedBy("stranger"), "bad-signature"),
    bad(
      "a receipt's signature",
      signText("receipt", urgentHead, [keys.head]),
      "bad-signature",
    ),
    bad(
      "altered",
      { ...good, signed: good.signed.replace('"offset":7', '"offset":8') },
      "bad-signature",
    ),
    bad(
      "a space more",
      { ...good, signed: `${good.signed} ` },
      "bad-signature",
    ),
    bad("an unknown field", signHead({ ...urgentHead, size: 1 })),
    bad("another document", signHead({ ...urgentHead, type: "root" })),
    bad("no signature", { ...good, signatures: [] }),
  ];
}

function badRoots(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("root", name, JSON.stringify(text), refusal);
  const document = rootDocument();
  const good = signRoot(document);
  return [
    bad(
      "not the pinned one",
      signRoot({ ...document, version: 2 }),
      "bad-signature",
    ),
    bad(
      "one root signature of two",
      signRoot(document, ["rootA"]),
      "bad-signature",
    ),
    bad(
      "one root key twice",
      signRoot(document, ["rootA", "rootA"]),
      "bad-signature",
    ),
    bad(
      "signed by other keys",
      signRoot(document, ["contentA", "stranger"]),
      "bad-signature",
    ),
    bad("no signature", { ...good, signatures: [] }),
  ];
}

function badTokens(): readonly BadVector[] {
  const parts = {
    url: "https://cloud.example/",
    secret: token(7),
    root: "ab".repeat(32),
  };
  const bad = (name: string, fields: object) =>
    row(
      "enrolment token",
      name,
      `tq1.${Buffer.from(JSON.stringify(fields)).toString("base64url")}`,
    );
  return [
    row("enrolment token", "nothing", ""),
    row("enrolment token", "another prefix", "tq2.e30"),
    row("enrolment token", "no JSON inside", "tq1.aGVsbG8"),
    row(
      "enrolment token",
      "more than 2,048 characters",
      `tq1.${"A".repeat(2_045)}`,
    ),
    bad("no secret", { ...parts, secret: undefined }),
    bad("a short secret", { ...parts, secret: "abc" }),
    bad("a secret in plain base64", { ...parts, secret: "+".repeat(43) }),
    bad("no address", { ...parts, url: "cloud.example" }),
    bad("a short pin", { ...parts, root: "ab" }),
    bad("an unknown field", { ...parts, group: "web" }),
  ];
}
