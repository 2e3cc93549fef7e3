import { describe, expect, it } from "@jest/globals";
import { letOperatorOrder } from "../../../agent/assembly.js";
import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import { NotEnforced } from "../../../agent/enforce/enforcer.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { Fact } from "../../../agent/protocol/statement.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";

const cidr = parseCidr("203.0.113.9");

describe("what the host's operator orders", () => {
  it("is stated though the kernel refuses it, since it is kept", async () => {
    const enforcer = new RefusingEnforcer();
    await using host = await TestHost.open({ enforcer });
    const { orders, stated } = operatorOf(host);
    await host.carryOut(new FakeFeed().append([ban("203.0.113.9")]));
    const release = { cidr, seconds: 60, reason: "ours" };
    const refused = async (order: () => Promise<unknown>) => {
      enforcer.refuses = true;
      await expect(order()).rejects.toThrow(NotEnforced);
      enforcer.refuses = false;
    };
    await refused(() => orders.rollBack({}, "root"));
    await refused(() => orders.undoRollbacks("root"));
    await refused(() => orders.release(release, "root"));
    await orders.release(release, "root");
    await refused(() => orders.endRelease(cidr, "root"));
    expect(stated.map(({ what }) => what)).toEqual([
      ...["rolled-back", "rollback-undone"],
      ...["released", "released", "release-ended"],
    ]);
  });

  it("has its pause stated to be over that ended while no agent ran", async () => {
    await using host = await TestHost.open();
    const { core } = host;
    expect(core.pauseEnded).toBe(false);
    const { stated } = operatorOf(host, { ...core, pauseEnded: true });
    expect(stated).toEqual([{ what: "pause-ended" }]);
  });
});

/** Takes nothing at all, as long as it refuses. */
class RefusingEnforcer extends DryRunEnforcer {
  refuses = false;

  constructor() {
    super(systemBanClock);
  }

  override apply(...told: Parameters<DryRunEnforcer["apply"]>): Promise<void> {
    return this.#unlessRefused(() => super.apply(...told));
  }

  override rebuild(
    ...told: Parameters<DryRunEnforcer["rebuild"]>
  ): Promise<void> {
    return this.#unlessRefused(() => super.rebuild(...told));
  }

  override protect(
    ...told: Parameters<DryRunEnforcer["protect"]>
  ): Promise<void> {
    return this.#unlessRefused(() => super.protect(...told));
  }

  #unlessRefused(act: () => Promise<void>): Promise<void> {
    if (!this.refuses) return act();
    return Promise.reject(new NotEnforced("the kernel refuses"));
  }
}

function operatorOf({ options, opening, core }: TestHost, other = core) {
  const stated: Fact[] = [];
  const orders = letOperatorOrder(options, other, opening, {
    state: (fact) => void stated.push(fact),
    reportOnce: () => undefined,
  });
  return { orders, stated };
}
