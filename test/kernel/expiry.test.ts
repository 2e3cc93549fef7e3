import { afterEach, beforeEach, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  DEFAULT_POSTURE,
  type Enforcer,
} from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import { BanTime } from "../../agent/time/ban-time.js";
import { Reconciler } from "../../agent/walks/reconcile/reconciler.js";
import { sh } from "../../scripts/lab/namespace.js";
import { unpacked } from "../support/agent/entries.js";
import {
  ban,
  LedgerFolder,
  lift,
  NOW,
  recordNext,
} from "../support/agent/ledger.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { TestMachine } from "../support/time/boot.js";

const DAY = 86_400;
const YEAR = 365 * DAY;

/** A host whose clocks a test moves, on the real kernel, whose clock it can't. */
class Host implements AsyncDisposable {
  readonly machine = new TestMachine(NOW * 1_000);
  readonly folder = new LedgerFolder();
  ledger!: Ledger;
  time!: BanTime;
  kernel!: Enforcer;
  #reconciler!: Reconciler;

  static async start(): Promise<Host> {
    const host = new Host();
    await host.start();
    return host;
  }

  async start(): Promise<void> {
    const { machine, folder } = this;
    const { clock, boot } = machine;
    this.ledger = folder.open();
    this.time = new BanTime({ clock, boot, ledger: this.ledger });
    this.kernel = await openNftables(this.time.clock);
    this.#reconciler = new Reconciler({
      desired: this.ledger,
      enforcer: this.kernel,
      clock: this.time.clock,
      posture: () => DEFAULT_POSTURE,
      applied: () => undefined,
      mayReplace: () => true,
      timers: this.time,
    });
  }

  async stop(): Promise<void> {
    this.time[Symbol.dispose]();
    await this.kernel[Symbol.asyncDispose]();
    this.folder.close();
  }

  async record(
    ...ops: readonly (ReturnType<typeof ban> | ReturnType<typeof lift>)[]
  ): Promise<void> {
    recordNext(this.ledger, "urgent", ops, unixSeconds(this.time.now()));
    await this.converge();
  }

  async converge(): Promise<void> {
    this.time.look();
    await this.#reconciler.reconcile();
  }

  /** What the kernel has left of each ban, in seconds: not what it was told. */
  async left(): Promise<Map<string, number>> {
    const listed = JSON.parse(await sh("nft -j list sets inet")) as {
      nftables: { set?: ListedSet }[];
    };
    const left = new Map<string, number>();
    for (const { set } of listed.nftables) {
      const [, prefix] = /^ban\d_(\d+)_/.exec(set?.name ?? "") ?? [];
      if (prefix === undefined) continue;
      for (const { elem } of set?.elem ?? []) {
        left.set(`${elem.val}/${prefix}`, elem.expires);
      }
    }
    return left;
  }

  /** The kernel counts down, to the second, what the ledger says. */
  async check(): Promise<void> {
    const left = await this.left();
    const now = unixSeconds(this.time.now());
    const wanted = unpacked(this.ledger.entries(100, now));
    expect([...left.keys()].sort()).toEqual(
      wanted.map(({ cidr }) => keyOf(formatCidr(cidr))).sort(),
    );
    for (const { cidr, expiresAt } of wanted) {
      const seconds = left.get(keyOf(formatCidr(cidr))) ?? 0;
      const most = Math.min(expiresAt - now, 100 * YEAR);
      expect(Math.abs(seconds - most)).toBeLessThanOrEqual(TOLERANCE_S);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.cleanUp();
    await this.stop();
    this.folder[Symbol.dispose]();
  }
}

interface ListedSet {
  readonly name: string;
  readonly elem?: readonly {
    readonly elem: { readonly val: string; readonly expires: number };
  }[];
}

const keyOf = (range: string) =>
  range.includes("/") ? range : `${range}/${range.includes(":") ? 128 : 32}`;

/** `nft` tells whole seconds, and a test takes some. */
const TOLERANCE_S = 6;

describeInNamespace("expiry, as the kernel counts it down", () => {
  let host: Host;

  beforeEach(async () => {
    host = await Host.start();
  });
  afterEach(() => host[Symbol.asyncDispose]());

  it("is right for seconds, years and for ever", async () => {
    await host.record(
      ban("192.0.2.1", 30),
      ban("192.0.2.2", 30 * YEAR),
      { ...ban("192.0.2.3"), expiresAt: FOREVER },
      { ...ban("2001:db8::/48"), expiresAt: FOREVER },
    );
    await host.check();
    const left = await host.left();
    expect(left.get("192.0.2.3/32")).toBeGreaterThan(99 * YEAR);
    expect(left.get("2001:db8::/48")).toBeGreaterThan(99 * YEAR);
  });

  it("is right for a ban that is extended, shortened, replaced or lifted", async () => {
    const steps = [60, 3_600, 30, 20 * YEAR, 600, FOREVER - NOW, 90];
    for (const seconds of steps) {
      await host.record(ban("192.0.2.1", seconds), ban("10.0.0.0/9", seconds));
      await host.check();
    }
    await host.record(lift("192.0.2.1"), ban("10.0.0.0/9", 45));
    await host.check();
    expect([...(await host.left()).keys()]).toEqual(["10.0.0.0/9"]);
  });

  it("is the longest of several feeds', and the next one's when that is lifted", async () => {
    recordNext(host.ledger, "org/acme", [ban("192.0.2.1", 7_200)]);
    await host.record(ban("192.0.2.1", 60));
    await host.check();
    recordNext(host.ledger, "org/acme", [lift("192.0.2.1")]);
    await host.converge();
    await host.check();
    expect((await host.left()).get("192.0.2.1/32")).toBeLessThanOrEqual(60);
  });

  it("comes in time: the kernel drops a ban by itself", async () => {
    await host.record(ban("192.0.2.1", 2), ban("192.0.2.2", 60));
    const { cidr } = lift("192.0.2.1");
    expect(await host.kernel.hasBan([cidr])).toEqual([true]);
    await sh("sleep 2.5");
    expect(await host.kernel.hasBan([cidr])).toEqual([false]);
  });

  it("is not moved by a clock that jumps, over restarts of the agent too", async () => {
    await host.record(ban("192.0.2.1", 600));
    for (const error of [DAY, -DAY, 400 * DAY]) {
      host.machine.wallError = error * 1_000;
      await host.converge();
      await host.check();
      await host.stop();
      await host.start();
      await host.record(ban("192.0.2.2", 300));
      await host.check();
      expect((await host.left()).get("192.0.2.1/32")).toBeGreaterThan(590);
    }
  });

  it("is told anew when the host has slept: the kernel's clock stood still", async () => {
    await host.record(ban("192.0.2.1", 600), ban("192.0.2.2", 7_200));
    host.machine.suspend(3_600_000);
    await host.converge();
    await host.check();
    expect([...(await host.left()).keys()]).toEqual(["192.0.2.2/32"]);
  });

  it("is told anew when the host has slept while no agent ran", async () => {
    await host.record(ban("192.0.2.1", 600), ban("192.0.2.2", 7_200));
    await host.stop();
    host.machine.suspend(3_600_000);
    await host.start();
    await host.converge();
    await host.check();
  });

  it("is corrected both ways by a signed date", async () => {
    host.machine.wallError = -3_600_000;
    await host.stop();
    host.machine.reboot(7_200_000, 0);
    await host.start();
    await host.record(ban("192.0.2.1", 10_800), ban("192.0.2.2", 5_000));
    await host.check();
    expect([...(await host.left()).keys()]).toHaveLength(2);
    host.time.hear(host.machine.truth);
    await host.converge();
    await host.check();
    expect([...(await host.left()).keys()]).toEqual(["192.0.2.1/32"]);
  });

  it("equals the ledger's after whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await using own = await Host.start();
        await own.record();
        for (const each of steps) {
          await suffer(own, each);
          await own.check();
        }
      }),
      { numRuns: 40 },
    );
  });
});

type Step =
  | { readonly kind: "ban"; readonly range: string; readonly seconds: number }
  | { readonly kind: "lift"; readonly range: string }
  | { readonly kind: "sleep"; readonly seconds: number }
  | { readonly kind: "jump"; readonly seconds: number }
  | { readonly kind: "hear" | "restart" };

const range = fc.constantFrom("192.0.2.1/32", "10.0.0.0/9", "2001:db8::/48");
const seconds = fc.oneof(
  fc.integer({ min: 60, max: 100_000 }),
  fc.constantFrom(YEAR, 200 * YEAR, FOREVER - NOW),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("ban"), range, seconds }),
  },
  fc.record({ kind: fc.constant("lift"), range }),
  fc.record({
    kind: fc.constant("sleep"),
    seconds: fc.integer({ min: 0, max: 50_000 }),
  }),
  fc.record({
    kind: fc.constant("jump"),
    seconds: fc.integer({ min: -10 * YEAR, max: 10 * YEAR }),
  }),
  fc.record({ kind: fc.constantFrom("hear", "restart") }),
);

async function suffer(host: Host, each: Step): Promise<void> {
  const { machine } = host;
  switch (each.kind) {
    case "ban": {
      const runs = unixSeconds(host.time.now()) - NOW + each.seconds;
      return host.record(ban(each.range, Math.min(runs, FOREVER - NOW)));
    }
    case "lift":
      return host.record(lift(each.range));
    case "sleep":
      machine.suspend(each.seconds * 1_000);
      return host.converge();
    case "jump":
      machine.wallError = each.seconds * 1_000;
      return host.converge();
    case "hear":
      host.time.hear(machine.truth);
      return host.converge();
    case "restart":
      await host.stop();
      await host.start();
      return host.converge();
  }
}
