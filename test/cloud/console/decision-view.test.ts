import { expect, test } from "@jest/globals";
import { reasonsOf } from "../../../cloud/console/page/parts/fate-reasons.js";
import { heldSaid } from "../../../cloud/console/page/parts/held-said.js";
import {
  curveOf,
  hostsBy,
  milestonesOf,
  tookText,
} from "../../../cloud/console/page/views/decision/curve.js";
import {
  isMoving,
  sortHosts,
  type Outcome,
} from "../../../cloud/console/page/parts/host-groups.js";
import { ruleNames } from "../../../agent/guard/guard.js";

const DECIDED = "2026-11-29T12:00:00.000Z";
const after = (ms: number): string =>
  new Date(Date.parse(DECIDED) + ms).toISOString();
const proof = (ms: number | null, late = false) => ({
  late,
  provedAt: ms === null ? null : after(ms),
});

test("receipts over time are steps, the earliest first, of hosts of then that proved it", () => {
  const hosts = [proof(80), proof(12), proof(80), proof(null), proof(5, true)];
  expect(curveOf(DECIDED, hosts)).toEqual([
    { ms: 12, hosts: 1 },
    { ms: 80, hosts: 3 },
  ]);
  expect(curveOf(DECIDED, [])).toEqual([]);
});

test("a receipt of the same millisecond, or of a clock before, is drawn at one", () => {
  const points = curveOf(DECIDED, [proof(0), proof(-20), proof(3)]);
  expect(points).toEqual([
    { ms: 1, hosts: 2 },
    { ms: 3, hosts: 3 },
  ]);
});

test("of ten thousand receipts as many points are drawn as can be seen, both ends among them", () => {
  const hosts = Array.from({ length: 10_000 }, (_, nth) => proof(nth + 1));
  const points = curveOf(DECIDED, hosts);
  expect(points).toHaveLength(600);
  expect(points[0]).toEqual({ ms: 1, hosts: 1 });
  expect(points.at(-1)).toEqual({ ms: 10_000, hosts: 10_000 });
});

test("by a time so many hosts had answered", () => {
  const points = curveOf(DECIDED, [proof(40), proof(90), proof(3_000)]);
  expect(hostsBy(points, 39)).toBe(0);
  expect(hostsBy(points, 100)).toBe(2);
  expect(milestonesOf(points)).toEqual([
    { ms: 50, hosts: 1 },
    { ms: 100, hosts: 2 },
    { ms: 3_000, hosts: 3 },
  ]);
  expect(milestonesOf([])).toEqual([]);
});

test.each([
  [84.4, "84 ms"],
  [1_240, "1.2 s"],
  [9_960, "10 s"],
  [119_000, "119 s"],
  [300_000, "5 min"],
  [3 * 86_400_000, "3 d"],
])("%d ms reads %s", (ms, text) => {
  expect(tookText(ms)).toBe(text);
});

const host = (agent: string, more: Partial<Outcome>): Outcome => ({
  ...{ agent, hostname: `${agent}.example`, org: "acme", state: "in-force" },
  ...{ held: {}, detail: "", late: false, missing: null, ...more },
});
const BAN = { action: "ban", observed: false } as const;

test("hosts are those that do it, that are missing, that hold it by rule, that do otherwise, and late ones", () => {
  const sorted = sortHosts(
    [
      host("a", {}),
      host("b", { state: "observed" }),
      host("c", { state: "held", held: { "live-session": 1 } }),
      host("d", { state: "held-in-part", held: { "cdn-edge": 2 } }),
      host("e", { state: "held", held: { "cdn-edge": 1 } }),
      host("f", { state: "offline", missing: "offline" }),
      host("g", { state: "passed", late: true }),
      host("h", { state: "held" }),
    ],
    BAN,
  );
  const names = (hosts: readonly Outcome[]) => hosts.map(({ agent }) => agent);
  expect(names(sorted.doing)).toEqual(["a"]);
  expect(names(sorted.missing)).toEqual(["f"]);
  expect(names(sorted.late)).toEqual(["g"]);
  expect(sorted.held.map(({ of, hosts }) => [of, names(hosts)])).toEqual([
    ["cdn-edge", ["d", "e"]],
    ["live-session", ["c"]],
    ["others", ["h"]],
  ]);
  expect(sorted.others.map(({ of }) => of)).toEqual(["observed"]);
});

test("who observes does what a lift, or a ban that is only observed, says", () => {
  const hosts = [host("a", { state: "observed" })];
  const lift = { action: "lift", observed: false } as const;
  expect(sortHosts(hosts, lift).doing).toHaveLength(1);
  expect(sortHosts(hosts, { ...BAN, observed: true }).doing).toHaveLength(1);
});

test("why an order is not on all hosts is told of those that count, by rule or by state", () => {
  const hosts = [
    host("a", {}),
    host("b", { state: "passed" }),
    host("c", { state: "on-trial" }),
    host("d", { state: "observed" }),
    host("e", { state: "observed" }),
    host("f", { state: "held", held: { "dns-resolver": 1 } }),
    host("g", { state: "offline", missing: "offline" }),
    host("h", { state: "offline", missing: "offline", late: true }),
  ];
  expect(reasonsOf(hosts, BAN)).toEqual([
    ["They only count what it would stop, and drop nothing.", 2],
    ["The host asks it for names.", 1],
    ["They are not there.", 1],
  ]);
  const lift = { action: "lift", observed: false } as const;
  expect(reasonsOf(hosts, lift).map(([, many]) => many)).toEqual([1, 1]);
  expect(reasonsOf(hosts.slice(0, 3), BAN)).toEqual([]);
});

test("a decision moves while it is new, or a host that is there has not answered", () => {
  const all = [host("a", {}), host("b", { state: "offline" })];
  expect(isMoving(all, 5_000)).toBe(true);
  expect(isMoving(all, 20_000)).toBe(false);
  const waiting = [...all, host("c", { state: "waiting" })];
  expect(isMoving(waiting, 20_000)).toBe(true);
  expect(isMoving(waiting, 600_000)).toBe(false);
});

test("every rule of the guard is explained in a sentence, and an unknown one by its name", () => {
  for (const rule of ruleNames)
    expect(heldSaid(rule)).toMatch(/^The |^It |\.$/);
  expect(heldSaid("from-tomorrow")).toBe(
    "The host's rule from-tomorrow holds it.",
  );
  expect(heldSaid("toString")).toMatch(/toString/);
});
