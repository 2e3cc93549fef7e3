import { signAsDevice } from "../../../agent/trust/sign.js";
import { keys, token } from "../../support/vectors.js";
import { hello, receipt } from "./messages.js";
import { row } from "./text-row.js";
import type { BadVector } from "./vector.js";

/** What is wrong in version 2, and what of version 2 is wrong in version 1. */
export const badTextsV2 = (): readonly BadVector[] => [
  ...inTheOtherVersion(),
  ...badWelcomes(),
  ...badHellos(),
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
