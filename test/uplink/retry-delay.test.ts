import { describe, expect, it, test } from "@jest/globals";
import { assert, double, integer, property } from "fast-check";
import { closeCodes } from "../../agent/protocol/close-codes.js";
import {
  CloudUnreachable,
  HandshakeRefused,
  LinkBroken,
  LinkClosed,
  LinkDrained,
  LinkGarbled,
  LinkSilent,
  type LinkError,
} from "../../agent/uplink/errors.js";
import { retryDelayMs } from "../../agent/uplink/retry-delay.js";

const HOUR_MS = 3_600_000;

/** What the cloud closes with for what time, load or a disk can bring about. */
const SLOWNESS = [
  ...["shutting-down", "superseded", "silent", "too-many-requests"],
  ...["too-slow", "failed", "rekeyed"],
] as readonly (keyof typeof closeCodes)[];

const never = () => 0;
const always = () => 1;

describe("the delay before the next dial", () => {
  test.each([
    [1, 1_000],
    [2, 2_000],
    [7, 64_000],
    [8, 120_000],
    [1_000_000, 120_000],
  ])("after %i failures is anywhere from 0 to %i ms", (failures, most) => {
    expect(retryDelayMs({ kind: "backoff" }, failures, never)).toBe(0);
    expect(retryDelayMs({ kind: "backoff" }, failures, always)).toBe(most);
  });

  it("is never less than the cloud asked for, and little more", () => {
    const patience = { kind: "after", ms: 30_000 } as const;
    expect(retryDelayMs(patience, 9, never)).toBe(30_000);
    expect(retryDelayMs(patience, 9, always)).toBe(31_000);
  });

  it.each([
    ["a proxy that says an hour", { kind: "after", ms: HOUR_MS } as const],
    ["a drain over an hour", { kind: "within", ms: HOUR_MS } as const],
  ])("is two minutes at most after %s", (_, patience) => {
    for (const failures of [1, 5, 50]) {
      expect(retryDelayMs(patience, failures, always)).toBeLessThanOrEqual(
        120_000,
      );
    }
  });

  it("spreads a drained fleet over the whole window", () => {
    const patience = { kind: "within", ms: 5_000 } as const;
    expect(retryDelayMs(patience, 1, never)).toBe(0);
    expect(retryDelayMs(patience, 1, always)).toBe(5_000);
  });

  it.each([
    [90_000, 90_000, 90_000],
    [HOUR_MS, 5_000, 5_000],
    [HOUR_MS, HOUR_MS, 119_000],
    [HOUR_MS, 0, 1_000],
  ])(
    "spreads a fleet that is to stay away for %i ms, then come within %i",
    (afterMs, ms, spread) => {
      const patience = { kind: "within", ms, afterMs } as const;
      const first = retryDelayMs(patience, 1, never);
      expect(retryDelayMs(patience, 1, always) - first).toBe(spread);
      expect(first + spread).toBe(120_000);
    },
  );

  it("grows with the failures, however short the windows of a drain", () => {
    const patience = { kind: "within", ms: 0 } as const;
    expect(retryDelayMs(patience, 1, always)).toBe(1_000);
    expect(retryDelayMs(patience, 9, always)).toBe(120_000);
  });

  it("is about an hour where coming back soon is useless", () => {
    const patience = { kind: "rarely" } as const;
    expect(retryDelayMs(patience, 1, never)).toBe(0.5 * HOUR_MS);
    expect(retryDelayMs(patience, 1, always)).toBe(1.5 * HOUR_MS);
  });

  it("is a whole number of milliseconds within two minutes", () => {
    const chance = double({ min: 0, max: 1, noNaN: true });
    assert(
      property(integer({ min: 1 }), chance, (failures, random) => {
        const ms = retryDelayMs({ kind: "backoff" }, failures, () => random);
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(120_000);
      }),
    );
  });
});

describe("patience", () => {
  test.each<[LinkError, string]>([
    [new CloudUnreachable("refused"), "backoff"],
    [new LinkSilent(30_000), "backoff"],
    [new LinkGarbled("nonsense"), "backoff"],
    [new LinkBroken("reset"), "backoff"],
    [new HandshakeRefused(500, undefined), "backoff"],
    [new HandshakeRefused(503, 2_000), "after"],
    [new LinkDrained({ afterMs: 0, windowMs: 5_000, urls: [] }), "within"],
    [new LinkClosed(1006, ""), "backoff"],
    [new LinkClosed(4001, "superseded"), "backoff"],
    [new LinkClosed(4399, ""), "backoff"],
    [new LinkClosed(4400, "bad message"), "rarely"],
    [new LinkClosed(4499, ""), "rarely"],
    [new LinkClosed(4500, ""), "backoff"],
  ])("of %s is %s", (error, kind) => {
    expect(error.patience().kind).toBe(kind);
  });

  it.each<[string, LinkError]>([
    ["a name that nobody resolves", new CloudUnreachable("EAI_AGAIN")],
    ["a TLS handshake that takes too long", new CloudUnreachable("timed out")],
    ...[408, 413, 421, 425, 429, 431, 500, 502, 503, 504, 520].flatMap(
      (status): [string, LinkError][] => [
        [`HTTP ${status}`, new HandshakeRefused(status, undefined)],
        [`HTTP ${status} for a day`, new HandshakeRefused(status, 86_400_000)],
      ],
    ),
    ["a challenge that is late", new LinkGarbled("no greeting in time")],
    ["silence", new LinkSilent(600_000)],
    ["a reset", new LinkBroken("ECONNRESET")],
    [
      "a drain",
      new LinkDrained({ afterMs: HOUR_MS, windowMs: HOUR_MS, urls: [] }),
    ],
    // What ws and proxies close with by themselves.
    ...[1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013].map(
      (code): [string, LinkError] => [`code ${code}`, new LinkClosed(code, "")],
    ),
    ...SLOWNESS.map((reason): [string, LinkError] => [
      reason,
      new LinkClosed(closeCodes[reason], reason),
    ]),
  ])("with %s ends within two minutes, however often", (_, error) => {
    for (const failures of [1, 8, 1_000]) {
      const ms = retryDelayMs(error.patience(), failures, always);
      expect(ms).toBeLessThanOrEqual(120_000);
    }
  });
});
