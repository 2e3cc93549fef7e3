import { describe, expect, it } from "@jest/globals";
import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import {
  NotEnforced,
  DEFAULT_POSTURE,
} from "../../../agent/enforce/enforcer.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import {
  Reconciler,
  NotYetComplete,
  type Timers,
} from "../../../agent/walks/reconcile/reconciler.js";
import { ban, lift, TestHost } from "../../support/agent/agent-fixtures.js";
import { BalkingEnforcer } from "../../support/agent/enforcers.js";
import { recordNext } from "../../support/agent/ledger.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";

describe("converging", () => {
  it("builds the whole ruleset where the kernel has none", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    expect(kernel.taken).toEqual(["rebuild"]);
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    expect(await kernel.read()).toMatchObject({
      at: "present",
      ledger: host.ledger.id,
      revision: 1,
    });
  });

  it("tells a kernel that is behind only what changed", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    await host.carryOut(
      urgent.append([lift("203.0.113.7"), ban("203.0.113.8")]),
    );
    expect(kernel.taken).toEqual(["rebuild", "apply", "apply"]);
    expect(await host.holds("203.0.113.7", "203.0.113.8")).toEqual([
      false,
      true,
    ]);
  });

  it("does nothing where all is as it should be", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    await host.enforcement.enforce();
    await host.enforcement.enforce();
    expect(kernel.taken).toEqual(["rebuild"]);
  });

  it("builds anew what somebody removed", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    await kernel.cleanUp();
    await host.enforcement.enforce();
    expect(await host.holds("203.0.113.7")).toEqual([true]);
  });

  it("builds anew what somebody removes just before a change", async () => {
    const kernel = new (class extends DryRunEnforcer {
      override async apply(...told: Parameters<DryRunEnforcer["apply"]>) {
        await this.cleanUp();
        await super.apply(...told);
      }
    })(systemBanClock);
    await using host = await TestHost.open({ enforcer: kernel });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    await host.carryOut(urgent.append([ban("203.0.113.8")]));
    expect(await host.holds("203.0.113.7", "203.0.113.8")).toEqual([
      true,
      true,
    ]);
  });

  it("builds anew where the kernel refuses a change", async () => {
    const kernel = new (class extends DryRunEnforcer {
      override apply(): Promise<void> {
        return Promise.reject(new NotEnforced("EMSGSIZE"));
      }
    })(systemBanClock);
    await using host = await TestHost.open({ enforcer: kernel });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    await host.carryOut(urgent.append([ban("203.0.113.8")]));
    expect(await host.holds("203.0.113.7", "203.0.113.8")).toEqual([
      true,
      true,
    ]);
  });

  it("gives up on a ruleset that never stays as it was made", async () => {
    const kernel = new (class extends DryRunEnforcer {
      override async rebuild(...told: Parameters<DryRunEnforcer["rebuild"]>) {
        await super.rebuild(...told);
        await this.cleanUp();
      }
    })(systemBanClock);
    await using host = await TestHost.open({
      enforcer: kernel,
      random: () => 1,
    });
    await expect(reconcilerOf(host).reconcile()).rejects.toThrow(
      "changed by somebody else 8 times in a row",
    );
  });

  it("takes in what is recorded while it rebuilds", async () => {
    const urgent = new FakeFeed();
    const kernel = new (class extends DryRunEnforcer {
      meanwhile: () => void = () => undefined;

      override async rebuild(...told: Parameters<DryRunEnforcer["rebuild"]>) {
        await super.rebuild(...told);
        this.meanwhile();
      }
    })(systemBanClock);
    await using host = await TestHost.open({ enforcer: kernel });
    kernel.meanwhile = () => {
      urgent.append([ban("203.0.113.8")]);
      const position = { ...urgent.position, issuedAt: Date.now() };
      host.ledger.record({ position, ops: [ban("203.0.113.8")], now: 0 });
    };
    await kernel.cleanUp();
    expect(await reconcilerOf(host).reconcile()).toBe(1);
    expect(await host.holds("203.0.113.8")).toEqual([true]);
  });

  it("runs one at a time, and all of them end equal", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    await kernel.cleanUp();
    kernel.taken.length = 0;
    const reconciler = reconcilerOf(host);
    const runs = [1, 2, 3].map(() => reconciler.reconcile());
    expect(await Promise.all(runs)).toEqual([0, 0, 0]);
    expect(kernel.taken).toEqual(["rebuild"]);
  });

  it("fails with the kernel's refusal, and can be tried again", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    await kernel.cleanUp();
    kernel.refusals = 1;
    const reconciler = reconcilerOf(host);
    await expect(reconciler.reconcile()).rejects.toThrow(NotEnforced);
    expect(await reconciler.reconcile()).toBe(0);
  });
});

describe("a kernel that holds another ledger's ruleset", () => {
  it("keeps it while this ledger may not replace it", async () => {
    const kernel = new DryRunEnforcer(systemBanClock);
    {
      await using before = await TestHost.open({ enforcer: kernel });
      await before.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    }
    await using host = await TestHost.open({
      enforcer: kernel,
      random: () => 1,
    });
    await expect(reconcilerOf(host, false).reconcile()).rejects.toThrow(
      NotYetComplete,
    );
    expect(await host.holds("203.0.113.7")).toEqual([true]);

    await reconcilerOf(host, true).reconcile();
    expect(await host.holds("203.0.113.7")).toEqual([false]);
  });
});

describe("a kernel whose timeouts are not right any more", () => {
  it("is told everything once, and changes before that", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    const urgent = new FakeFeed();
    await host.carryOut(urgent.append([ban("203.0.113.7")]));
    let areRight = false;
    const reconciler = reconcilerOf(host, true, {
      timersAreRight: () => areRight,
      telling: () => () => (areRight = true),
    });
    kernel.taken.length = 0;
    recordNext(host.ledger, "local", [ban("203.0.113.8")]);
    await reconciler.reconcile();
    await reconciler.reconcile();
    expect(kernel.taken).toEqual(["apply", "rebuild"]);
  });

  it("counts as told only once it has taken all of it", async () => {
    const kernel = new BalkingEnforcer();
    await using host = await TestHost.open({ enforcer: kernel });
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    let areRight = false;
    const reconciler = reconcilerOf(host, true, {
      timersAreRight: () => areRight,
      telling: () => () => (areRight = true),
    });
    kernel.refusals = 1;
    await expect(reconciler.reconcile()).rejects.toThrow(NotEnforced);
    expect(areRight).toBe(false);
    await reconciler.reconcile();
    expect(areRight).toBe(true);
  });
});

const reconcilerOf = (host: TestHost, mayReplace = true, timers?: Timers) =>
  new Reconciler({
    ...(timers && { timers }),
    desired: host.ledger,
    enforcer: host.enforcer,
    clock: host.banClock,
    posture: () => DEFAULT_POSTURE,
    applied: () => undefined,
    mayReplace: () => mayReplace,
  });
