import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { signAsDevice, signText } from "../../../agent/trust/sign.js";
import { hex, keys, NOW, token, type KeyName } from "../../support/vectors.js";
import { hello, receipt, SPOOL } from "./messages.js";
import {
  answer,
  beatOf,
  request,
  signState,
  signStatement,
  stateDocument,
} from "./messages-v2.js";
import { row } from "./text-row.js";
import type { BadVector } from "./vector.js";

/** What is wrong in version 2, and what of version 2 is wrong in version 1. */
export const badTextsV2 = (): readonly BadVector[] => [
  ...inTheOtherVersion(),
  ...badWelcomes(),
  ...badHellos(),
  ...badStates(),
  ...badBeats(),
  ...badItems(),
  ...badRequests(),
  ...badDrains(),
];

const welcome = {
  ...{ type: "welcome", agent: "agt_1", org: "example", session: token(2) },
  ...{ heartbeatMs: 25_000, root: 1, plans: [] },
};

const helloV2 = { ...hello, capabilities: [] as readonly unknown[] };

function signed(type: "hello" | "receipt", document: object): string {
  const version = 2;
  const said = signAsDevice(type, document, keys.device, version);
  return JSON.stringify({ type, ...said });
}

function inTheOtherVersion(): readonly BadVector[] {
  const inV1 = (name: string, text: string) => row("agent message", name, text);
  return [
    row(
      "cloud message",
      "capabilities in version 1",
      JSON.stringify({ ...welcome, capabilities: [] }),
    ),
    inV1("a hello of version 2 in version 1", signed("hello", helloV2)),
    inV1("an ext in version 1", signed("receipt", { ...receipt, ext: {} })),
    row(
      "cloud message v2",
      "a welcome of version 1 in version 2",
      JSON.stringify(welcome),
    ),
    row(
      "agent message v2",
      "a hello of version 1 in version 2",
      signed("hello", hello),
    ),
  ];
}

function badWelcomes(): readonly BadVector[] {
  const bad = (name: string, more: object) =>
    row("cloud message v2", name, JSON.stringify({ ...welcome, ...more }));
  const names = (count: number) =>
    Array.from({ length: count }, (_, i) => `name-${i}`);
  return [
    bad("33 capabilities", { capabilities: names(33) }),
    bad("a capability in capitals", { capabilities: ["LOG"] }),
    bad("a capability of 33 characters", { capabilities: ["a".repeat(33)] }),
    bad("an unknown field beside the capabilities", {
      ...{ capabilities: [], colour: "red" },
    }),
    {
      ...bad("32 capabilities, which are taken in", {
        capabilities: names(32),
      }),
      refusal: null,
    },
  ];
}

function badStates(): readonly BadVector[] {
  const bad = (name: string, more: object) =>
    row(
      "state",
      name,
      JSON.stringify(signState({ ...stateDocument, ...more })),
    );
  const [urgent] = stateDocument.heads;
  const nine = Array.from({ length: 9 }, (_, i) => ({
    ...{ ...urgent, feed: `org/o${i}` },
  }));
  const text = (kind: "state" | "head", signer: KeyName, version: 1 | 2) =>
    JSON.stringify(signText(kind, stateDocument, [keys[signer]], version));
  return [
    bad("a state of nine feeds", { heads: nine }),
    bad("a state that names a feed twice", { heads: [urgent, urgent] }),
    bad("a state without a time", { time: undefined }),
    bad("a state with a field more", { colour: "red" }),
    { ...bad("a state with an ext, taken in", { ext: {} }), refusal: null },
    ...(
      [
        ["a state that a content key signed", "state", "contentA", 2],
        ["a state that was signed as a head", "head", "head", 1],
        ["a state that was signed as of version 1", "state", "head", 1],
      ] as const
    ).map(([name, kind, signer, version]) =>
      row("state", name, text(kind, signer, version), "bad-signature"),
    ),
    row(
      "cloud message v2",
      "heads in version 2",
      JSON.stringify({ type: "heads", heads: [] }),
    ),
    row(
      "cloud message",
      "a state in version 1",
      JSON.stringify({ type: "state", state: signState() }),
    ),
  ];
}

/** All about the state of state.json, but for one. */
function badBeats(): readonly BadVector[] {
  const good = beatOf(signState());
  const other = signState({ ...stateDocument, time: NOW + 1 });
  const patched = (at: number, ...bytes: readonly number[]) => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };
  const bad = (
    name: string,
    bytes: Buffer,
    refusal: RefusalCode = "malformed",
  ): BadVector => {
    const { text: _, ...rest } = row("beat", name, "", refusal);
    return { ...rest, hex: hex(bytes) };
  };
  return [
    bad("nothing", Buffer.alloc(0)),
    bad("a beat cut off", good.subarray(0, -1)),
    bad("a beat with a byte more", Buffer.concat([good, Buffer.alloc(1)])),
    bad("a beat without signatures", patched(12, 0).subarray(0, 13)),
    bad("a beat of nine signatures", patched(12, 9)),
    bad(
      "a beat of the year 10000",
      patched(4, 0, 0, 0xe6, 0x77, 0xd2, 0x1f, 0xdc, 0),
    ),
    bad("a beat with another time", patched(11, 1), "bad-signature"),
    bad("a beat about another state", beatOf(other), "bad-signature"),
    bad(
      "a beat that a content key signed",
      beatOf(signState(), { signer: "contentA" }),
      "bad-signature",
    ),
  ];
}

function badItems(): readonly BadVector[] {
  const text = (item: object) =>
    JSON.stringify({
      type: "telemetry",
      spool: SPOOL,
      first: 1,
      items: [item],
    });
  const bad = (name: string, item: object) =>
    row("agent message v2", name, text(item));
  const weather = { kind: "weather", version: 3 };
  return [
    row("agent message", "a statement in version 1", text(signStatement())),
    row("agent message", "an unknown item in version 1", text(weather)),
    bad("an item without a version", { kind: "weather" }),
    bad("an item of version 0", { kind: "weather", version: 0 }),
    bad("an item of a kind in capitals", { kind: "Weather", version: 1 }),
    bad("a known item with a field more", {
      ...{ kind: "dropped", version: 1, time: 1, items: 1 },
      ...{ reason: "spool-full", colour: "red" },
    }),
    bad("an unknown item of 9 KiB", { ...weather, rain: "x".repeat(9_216) }),
    bad("a statement without its signature", {
      ...{ ...signStatement(), signature: undefined },
    }),
    {
      ...bad("a known kind of a later version, kept as it is", {
        ...{ kind: "dropped", version: 2, colour: "red" },
      }),
      refusal: null,
    },
  ];
}

function badRequests(): readonly BadVector[] {
  const bad = (name: string, more: object) =>
    row("cloud message v2", name, JSON.stringify({ ...request, ...more }));
  const badAnswer = (name: string, more: object) =>
    row("agent message v2", name, JSON.stringify({ ...answer, ...more }));
  return [
    row("cloud message", "a request in version 1", JSON.stringify(request)),
    row("agent message", "an answer in version 1", JSON.stringify(answer)),
    bad("a request without a body", { body: undefined }),
    bad("a request of 17 KiB", { kind: "a", body: { a: "x".repeat(17_408) } }),
    bad("a request of impact about nothing", { body: { ranges: [] } }),
    bad("a request of impact with a field more", {
      body: { ...request.body, colour: "red" },
    }),
    {
      ...bad("a request of an unknown kind, taken in", {
        ...{ kind: "dance", body: { steps: 3 }, ext: { "x-tune": 1 } },
      }),
      refusal: null,
    },
    badAnswer("an answer with another result", { result: "maybe" }),
    badAnswer("an answer of impact without a number", { body: { live: 1 } }),
  ];
}

function badDrains(): readonly BadVector[] {
  const drain = { type: "drain", afterMs: 0, windowMs: 1, urls: [] };
  const bad = (name: string, more: object) =>
    row("cloud message v2", name, JSON.stringify({ ...drain, ...more }));
  const to = (url: string) => ({ urls: [url] });
  return [
    bad("a drain of version 1 in version 2", {
      afterMs: undefined,
      urls: undefined,
    }),
    row(
      "cloud message",
      "a drain of version 2 in version 1",
      JSON.stringify(drain),
    ),
    bad("a drain after more than an hour", { afterMs: 3_600_001 }),
    bad("a drain to nine places", {
      urls: Array.from({ length: 9 }, (_, i) => `https://c${i}.example`),
    }),
    bad("a drain to http in the open", to("http://cloud.example")),
    bad("a drain to a file", to("file:///etc/passwd")),
    bad("a drain to no URL", to("cloud.example")),
    bad("a drain with a password", to("https://a:b@cloud.example")),
    {
      ...bad("a drain to loopback, taken in", to("ws://[::1]:1")),
      refusal: null,
    },
  ];
}

function badHellos(): readonly BadVector[] {
  const bad = (name: string, ext: unknown) =>
    row("agent message v2", name, signed("hello", { ...helloV2, ext }));
  const named = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));
  const filled = (bytes: number) => ({ a: "x".repeat(bytes - 8) });
  return [
    row(
      "agent message v2",
      "an unknown field in a hello",
      signed("hello", { ...helloV2, colour: "red" }),
    ),
    bad("an ext that is a list", []),
    bad("an ext that is null", null),
    bad("an ext of 17 names", named(17)),
    { ...bad("an ext of 16 names, taken in", named(16)), refusal: null },
    bad("an ext with a name in capitals", { Region: 1 }),
    bad("an ext with a name of 33 characters", { ["a".repeat(33)]: 1 }),
    bad("an ext of 4,097 bytes", filled(4_097)),
    { ...bad("an ext of 4,096 bytes, taken in", filled(4_096)), refusal: null },
  ];
}
