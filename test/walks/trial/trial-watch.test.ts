import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeEvents } from "../../../agent/events/events.js";
import type { Ledger } from "../../../agent/ledger/ledger.js";
import { parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import { HealthProbes } from "../../../agent/walks/trial/health-probes.js";
import { TrialWatch } from "../../../agent/walks/trial/trial-watch.js";
import { RecordingLogger } from "../../support/agent/agent-fixtures.js";
import {
  ban,
  LedgerFolder,
  NOW,
  positionOf,
  rulesetOf,
} from "../../support/agent/ledger.js";
import { ManualClock } from "../../support/time/clock.js";

const SECONDS = 60;

describe("a change on trial", () => {
  let host: Host;

  beforeEach(() => {
    host = new Host();
  });
  afterEach(() => host[Symbol.asyncDispose]());

  it("passes with the first signed word after it, and not before", async () => {
    host.change();
    await host.pass(30);
    expect(host.ledger.trials()).toHaveLength(1);
    host.heardAt = host.clock.monotonic();
    await host.pass(1);
    expect(host.ledger.trials()).toEqual([]);
    expect(rulesetOf(host.ledger, host.now)).toEqual(["198.51.0.0/16 3600"]);
    expect(host.log.lines).toEqual([
      "info: a change has proved harmless, and stays",
    ]);
    expect([host.enforced, host.told]).toEqual([1, 1]);
    expect(host.ends).toEqual([expect.stringMatching(/^\d+: passed$/)]);
  });

  it("is not settled by a word that came a moment after it: harm takes time", async () => {
    host.change();
    host.heardAt = host.clock.monotonic() + 10;
    await host.pass(4);
    expect(host.ledger.trials()).toHaveLength(1);
    await host.pass(1);
    expect(host.ledger.trials()).toEqual([]);
  });

  it.each([
    [6, 1, "bans cut 6 of 7 flows that this host began"],
    [1, 0, "bans cut 1 of 1 flows that this host began"],
    [3, 3, undefined],
    [0, 0, undefined],
  ])(
    "is harmful when it cuts most of what this host had begun: %i, and leaves %i",
    async (cut, left, why) => {
      host.flows = cut + left;
      await host.signs.look();
      host.change();
      host.cut += cut;
      host.flows = left;
      expect(await host.signs.missing()).toEqual(
        why === undefined ? [] : [why],
      );
    },
  );

  it("is taken back before the kernel does, when no word comes", async () => {
    host.change();
    await host.pass(SECONDS - 5);
    expect(host.ledger.trials()).toHaveLength(1);
    await host.pass(1);
    expect(host.ledger.trials()).toEqual([]);
    expect(rulesetOf(host.ledger, host.now)).toEqual([]);
    expect(host.failures).toEqual([
      "1 bans of urgent: no signed word of the cloud was heard",
    ]);
    expect(host.enforced).toBe(1);
  });

  it.each([
    [
      "a router that is lost",
      (it: Host) => void (it.lost = it.gateways),
      "the router 192.0.2.1 does not answer",
    ],
    [
      "resolvers that fall silent",
      (it: Host) => void (it.answers = false),
      "no resolver answers",
    ],
    [
      "flows that die in numbers",
      (it: Host) => void (it.flows = 4),
      "4 of 10 flows that this host began are left",
    ],
  ])("is taken back for %s, whatever the cloud says", async (_, harm, why) => {
    await host.signs.look();
    host.change();
    harm(host);
    host.heardAt = Infinity;
    await host.pass(SECONDS);
    expect(host.failures).toEqual([`1 bans of urgent: ${why}`]);
    expect(host.ends).toEqual([expect.stringContaining(why)]);
  });

  it("is not blamed for what was so before", async () => {
    Object.assign(host, { lost: host.gateways, answers: false, flows: 3 });
    await host.signs.look();
    host.change();
    host.flows = 0;
    host.heardAt = Infinity;
    await host.pass(6);
    expect(host.ledger.trials()).toEqual([]);
    expect(host.failures).toEqual([]);
  });

  it("recovers from harm that passes", async () => {
    await host.signs.look();
    host.change();
    host.heardAt = Infinity;
    host.answers = false;
    await host.pass(30);
    expect(host.watch.trials).toMatchObject([
      { missing: ["no resolver answers"] },
    ]);
    host.answers = true;
    await host.pass(1);
    expect(host.ledger.trials()).toEqual([]);
    expect(host.failures).toEqual([]);
  });

  it("is tried again after a restart, twice at most", async () => {
    host.change();
    for (const tries of [2, 3]) {
      await host.die();
      await host.pass(SECONDS * 2);
      host.restart();
      expect(host.ledger.trials()).toMatchObject([{ tries }]);
      expect(rulesetOf(host.ledger, host.now)).toHaveLength(1);
    }
    await host.die();
    host.restart();
    expect(host.ledger.trials()).toEqual([]);
    expect(rulesetOf(host.ledger, host.now)).toEqual([]);
    expect(host.failures).toEqual([
      "1 bans of urgent: the agent ended in the midst of it, again and again",
    ]);
  });
});

class Host implements AsyncDisposable {
  readonly clock = new ManualClock(NOW * 1000);
  readonly folder = new LedgerFolder();
  readonly log = new RecordingLogger();
  readonly failures: string[] = [];
  readonly ends: string[] = [];
  readonly gateways: readonly Cidr[] = [parseCidr("192.0.2.1")];
  readonly signs = new HealthProbes({
    gateways: () => this.gateways,
    resolvers: () => [parseCidr("192.0.2.53")],
    lostAmong: () => Promise.resolve(this.lost),
    anyAnswers: () => Promise.resolve(this.answers),
    flowsBegunHere: () => Promise.resolve(this.flows),
    flowsCut: () => this.cut,
  });
  ledger: Ledger = this.folder.open();
  watch = this.#watch();
  lost: readonly Cidr[] = [];
  answers = true;
  flows = 10;
  /** Of those that this host began. */
  cut = 4;
  heardAt = -1;
  enforced = 0;
  told = 0;

  get now(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  /** One wide ban comes into force. */
  change(): void {
    this.ledger.record({
      position: positionOf("urgent", 1),
      ops: [ban("198.51.0.0/16")],
      now: this.now,
      trial: { seconds: SECONDS, mostAtOnce: 9, isWide: () => true },
    });
    this.watch.look();
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1_000);
  }

  async die(): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
  }

  /** Another process takes over. */
  restart(): void {
    this.ledger = this.folder.open();
    this.watch = this.#watch();
    this.watch.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }

  #watch(): TrialWatch {
    return new TrialWatch({
      ledger: this.ledger,
      signs: this.signs,
      ended: (trial, why) =>
        void this.ends.push(`${trial.id}: ${[why].flat().join("; ")}`),
      clock: this.clock,
      seconds: SECONDS,
      heardAt: () => this.heardAt,
      enforceSoon: () => {
        this.enforced++;
        return Promise.resolve();
      },
      settled: () => {
        this.told++;
        return Promise.resolve();
      },
      failed: (what) => this.failures.push(what),
      events: makeEvents(this.log),
    });
  }
}
