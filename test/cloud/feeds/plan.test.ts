import { describe, expect, it } from "@jest/globals";
import type { Position } from "../../../agent/model/position.js";
import {
  routeFor,
  type FeedFacts,
  type Route,
} from "../../../cloud/feeds/plan.js";

const at = (offset: number, epoch = "e"): Position => ({
  feed: "urgent",
  epoch,
  offset,
  hash: new Uint8Array(32),
});

const feed = (facts: Partial<FeedFacts>): FeedFacts => ({
  offset: 100_000,
  epoch: "e",
  logBytes: 1_000_000,
  gap: undefined,
  snapshot: undefined,
  ...facts,
});

const gap = (ops: number, bytes: number, good = true) => ({ ops, bytes, good });

const cases: [string, Position | undefined, FeedFacts, Route][] = [
  [
    "an empty feed needs nothing",
    undefined,
    feed({ offset: 0, logBytes: 0, gap: gap(0, 0) }),
    { kind: "tail" },
  ],
  [
    "who stands where the feed stands needs nothing",
    at(100_000),
    feed({ gap: gap(0, 0) }),
    { kind: "tail" },
  ],
  [
    "a short gap is pushed",
    at(99_000),
    feed({ gap: gap(1_000, 12_000) }),
    { kind: "tail" },
  ],
  [
    "a short gap of many bytes is fetched",
    at(99_000),
    feed({ gap: gap(1_000, 524_289), logBytes: 9_000_000 }),
    { kind: "segments", from: 99_001 },
  ],
  [
    "a newcomer to a short feed gets all of it pushed",
    undefined,
    feed({ offset: 900, logBytes: 9_000, gap: gap(900, 9_000) }),
    { kind: "tail" },
  ],
  [
    "a longer gap is fetched when it is cheap",
    at(98_999),
    feed({ gap: gap(1_001, 12_000), snapshot: snapshot(100_000, 500_000) }),
    { kind: "segments", from: 99_000 },
  ],
  [
    "a gap of half a snapshot's bytes takes the snapshot",
    at(10),
    feed({ gap: gap(99_990, 250_000), snapshot: snapshot(95_000, 500_000) }),
    { kind: "snapshot", atLeast: 11 },
  ],
  [
    "without a snapshot the log's own size decides",
    at(50_000),
    feed({ gap: gap(50_000, 499_000) }),
    { kind: "segments", from: 50_001 },
  ],
  [
    "a newcomer to a long feed gets a snapshot",
    undefined,
    feed({ gap: gap(100_000, 1_000_000) }),
    { kind: "snapshot", atLeast: 1 },
  ],
  [
    "who has the newest snapshot never gets it again",
    at(95_000),
    feed({ gap: gap(5_000, 900_000), snapshot: snapshot(95_000, 1_000) }),
    { kind: "segments", from: 95_001 },
  ],
  [
    "segments that are past their date are replaced",
    at(99_999),
    feed({ gap: gap(1, 300, false) }),
    { kind: "snapshot", atLeast: 100_000 },
  ],
  [
    "another epoch is another history",
    at(100_000, "old"),
    feed({}),
    { kind: "snapshot", atLeast: 0 },
  ],
  [
    "a fork gets a snapshot that is not behind it",
    at(60_000),
    feed({ snapshot: snapshot(50_000, 1_000) }),
    { kind: "snapshot", atLeast: 60_000 },
  ],
];

describe("the way to where a feed stands", () => {
  it.each(cases)("%s", (_, position, facts, expected) => {
    expect(routeFor(position, facts)).toEqual(expected);
  });
});

function snapshot(offset: number, bytes: number) {
  return { offset, bytes };
}
