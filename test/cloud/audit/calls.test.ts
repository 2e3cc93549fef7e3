import { describe, expect, it } from "@jest/globals";
import { limits } from "../../../agent/protocol/limits.js";
import { Calls, type Called } from "../../../cloud/audit/calls.js";
import {
  MOST_BEFORE_BYTES,
  type CallMade,
} from "../../../cloud/journal/call-events.js";
import type {
  DecisionEvent,
  RecordedDecision,
} from "../../../cloud/journal/decision-events.js";
import { JournalConflict } from "../../../cloud/journal/failures.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import {
  banOn,
  imported,
  openBoth,
  type Gateway,
} from "../journal/gateways.js";

const ANNA = calledBy("anna");
const BERT = calledBy("bert");

describe("calls of operators", () => {
  it("each carry their own caller through the turns of a feed", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one] = world.gateways;
    const orders = Array.from({ length: 24 }, (_, n) => {
      const called = [ANNA, BERT][n % 2]!;
      const { name } = called.caller;
      const ban = () => one!.ban(`203.0.113.${n}`, name);
      // Some with nobody who calls: they come through the same queue.
      return n % 3 === 0
        ? one!.ban(`203.0.113.${n}`, "rule:several")
        : one!.calls.run(called, ban);
    });
    await Promise.all(orders);
    const appends = await appendsOf(one!);
    expect(callersOf(appends)).toEqual({ anna: 8, bert: 8, nobody: 8 });
    const ids = appends.flatMap(({ call }) => call?.call ?? []);
    expect(new Set(ids).size).toBe(16);
  });

  it("carry it once for what is looked at again, since others were first", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    let ahead = 0;
    // Within Anna's call, as it seems to who goes by the stack alone.
    one!.hinder(async () => {
      const address = `198.51.100.${++ahead}`;
      await other!.calls.run(BERT, () => other!.ban(address, "bert"));
      await one!.calls.run(BERT, () => one!.decisions.append([orgOf(ahead)]));
    }, 4);
    await Promise.all([
      one!.calls.run(ANNA, () => one!.ban("203.0.113.1", "anna")),
      one!.ban("203.0.113.2", "rule:several"),
    ]);
    expect(ahead).toBe(4);
    expect(callersOf(await appendsOf(one!))).toEqual({
      ...{ anna: 1, bert: 8, nobody: 1 },
    });
  });

  it("leave nothing of what was not written, and carry on with it", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const { calls, decisions } = world.gateways[0]!;
    await calls.run(ANNA, async () => {
      calls.before({ stood: "before" });
      const stale = decisions.append([orgOf(1)], decisions.level - 1);
      await expect(stale).rejects.toThrow(JournalConflict);
      await decisions.append([orgOf(1)]);
      await decisions.append([orgOf(2)]);
      await decisions.append([]);
    });
    const [first, second, ...more] = await appendsOf(world.gateways[0]!);
    expect(first?.call?.before).toEqual({ stood: "before" });
    // What the first append left is what the second found.
    expect(second?.call).toMatchObject({ before: null, made: 1 });
    expect(second?.call?.call).toBe(first?.call?.call);
    expect(more).toEqual([]);
  });

  it("carry it through all appends of a large import, and nobody else does", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    const wanted = Array.from({ length: 18 * limits.segmentOps }, (_, n) =>
      banOn(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
    );
    let meanwhile = 0;
    one!.hinder(async () => {
      if (++meanwhile === 2) return;
      const address = `203.0.113.${meanwhile}`;
      await other!.calls.run(BERT, () => other!.ban(address, "bert"));
    }, 4);
    await one!.calls.run(ANNA, () =>
      one!.feeds.publish(imported(wanted.length, "anna"), wanted),
    );
    const appends = await appendsOf(one!);
    expect(callersOf(appends)).toEqual({ anna: 2, bert: 3, nobody: 0 });
    const own = appends.filter(({ call }) => call?.name === "anna");
    expect(own.map(({ call }) => call?.made)).toEqual([17, 2]);
    expect(new Set(own.map(({ call }) => call?.call)).size).toBe(1);
  });

  it("do not cover what others make of the news of it", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const one = world.gateways[0]!;
    let banned: Promise<unknown> | undefined;
    using _ = one.decisions.subscribe(() => {
      banned ??= one.ban("203.0.113.2", "rule:several");
    });
    await one.calls.run(ANNA, async () => {
      await one.ban("203.0.113.1", "anna");
      await banned;
    });
    expect(callersOf(await appendsOf(one))).toEqual({
      ...{ anna: 1, bert: 0, nobody: 1 },
    });
  });

  it("stand alone where something else was changed than the log", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const { calls, decisions } = world.gateways[0]!;
    await calls.alone(decisions);
    await calls.run(ANNA, async () => {
      calls.before({ version: 1 });
      await calls.alone(decisions);
    });
    const appends = await appendsOf(world.gateways[0]!);
    expect(appends).toMatchObject([
      { call: { name: "anna", made: 0, before: { version: 1 } }, events: [] },
    ]);
  });

  it("keep the beginning of what stood before, where it is long", () => {
    const calls = new Calls();
    const long = { ranges: Array.from({ length: 2_000 }, (_, n) => `é${n}`) };
    const bytes = Buffer.byteLength(JSON.stringify(long));
    for (const stood of [long, { ranges: '"\\\u{1f600}\n'.repeat(3_000) }]) {
      const { before } = recordWith(calls, stood);
      const json = JSON.stringify(before);
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MOST_BEFORE_BYTES);
      expect(Buffer.byteLength(json)).toBeGreaterThan(MOST_BEFORE_BYTES - 64);
    }
    const { before } = recordWith(calls, long);
    expect(before).toMatchObject({ bytes });
    const { clipped } = before as { readonly clipped: string };
    expect(JSON.stringify(long).startsWith(clipped)).toBe(true);
  });
});

function recordWith(calls: Calls, stood: unknown): CallMade {
  const written: DecisionEvent[] = [];
  void calls.run(ANNA, () => {
    calls.before(stood);
    calls.appending([orgOf(1)], (events) => written.push(...events));
    return Promise.resolve();
  });
  return written[0] as CallMade;
}

function calledBy(name: string): Called {
  const caller: Caller = {
    ...{ operator: `opr-${name}`, name, org: null },
    role: "analyst",
    ...{ credential: `tok-${name}`, from: "192.0.2.1", steppedUpUntil: null },
    ...{ limits: null, collection: null },
  };
  return { operation: "ban", caller, why: `${name} says so` };
}

const orgOf = (n: number) =>
  ({ kind: "org-added", org: `org-${n}`, name: `Org ${n}` }) as const;

interface Append {
  readonly call: CallMade | undefined;
  readonly events: readonly RecordedDecision["event"][];
}

/** What was appended at once, but for what a cloud is founded with. */
async function appendsOf({ decisions }: Gateway): Promise<readonly Append[]> {
  await decisions.catchUp();
  const all = await decisions.after(0, 10_000);
  const told = all
    .map(({ event }) => event)
    .filter(({ kind }) => OF_THE_TESTS.includes(kind));
  const appends: Append[] = [];
  for (let at = 0; at < told.length;) {
    const first = told[at]!;
    const call = first.kind === "call" ? first : undefined;
    const from = call === undefined ? at : at + 1;
    const made = call?.made ?? 2; // a rule's: its word, and one segment
    const events = told.slice(from, from + made);
    expect(events).toHaveLength(made);
    expect(events.map(({ kind }) => kind)).not.toContain("call");
    appends.push({ call, events });
    at = from + made;
  }
  return appends;
}

const OF_THE_TESTS: readonly string[] = [
  ...["call", "decided", "segment", "org-added"],
];

/** By whom there is how much: every decision is its caller's, or nobody's. */
function callersOf(appends: readonly Append[]) {
  const counts = { anna: 0, bert: 0, nobody: 0 };
  for (const { call, events } of appends) {
    counts[(call?.name ?? "nobody") as keyof typeof counts] += 1;
    for (const event of events) {
      if (event.kind !== "decided") continue;
      expect(event.by).toBe(call?.name ?? "rule:several");
    }
  }
  return counts;
}
