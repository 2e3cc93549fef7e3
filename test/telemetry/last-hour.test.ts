import { expect, it } from "@jest/globals";
import type { Total } from "../../agent/model/hit.js";
import { LastHour } from "../../agent/telemetry/last-hour.js";

const MINUTE = 60_000;
const NOON = 1_800_000_000_000;

const totals = (packets: number, observed = 0): readonly Total[] => [
  { direction: "in", family: 4, observed: false, packets, bytes: 0 },
  { direction: "in", family: 4, observed: true, packets: observed, bytes: 0 },
];

it("tells what the totals grew by, in slots of two minutes", () => {
  const hour = new LastHour();
  hour.note(totals(1_000), NOON);
  hour.note(totals(1_003), NOON + MINUTE);
  hour.note(totals(1_003, 4), NOON + 3 * MINUTE);
  const { since, packets } = hour.view(NOON + 3 * MINUTE);
  expect(since).toBe(NOON);
  expect(packets).toHaveLength(30);
  expect(packets.slice(-3)).toEqual([0, 3, 4]);
});

it("counts all of a total that began anew", () => {
  const hour = new LastHour();
  hour.note(totals(1_000), NOON);
  hour.note(totals(7), NOON + MINUTE);
  expect(hour.view(NOON + MINUTE).packets.at(-1)).toBe(7);
});

it("forgets what is older than an hour", () => {
  const hour = new LastHour();
  hour.note(totals(0), NOON);
  hour.note(totals(5), NOON + MINUTE);
  hour.note(totals(6), NOON + 61 * MINUTE);
  const { since, packets } = hour.view(NOON + 61 * MINUTE);
  expect(packets.reduce((sum, each) => sum + each, 0)).toBe(1);
  expect(since).toBeGreaterThan(NOON);
});

it("begins anew where the clock was set back", () => {
  const hour = new LastHour();
  hour.note(totals(0), NOON);
  hour.note(totals(5), NOON + MINUTE);
  hour.note(totals(9), NOON - 60 * MINUTE);
  const { since, packets } = hour.view(NOON - 60 * MINUTE);
  expect(since).toBe(NOON - 60 * MINUTE);
  expect(Math.max(...packets)).toBe(0);
});
