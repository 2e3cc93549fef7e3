import type { Enforcer } from "../../../agent/enforce/enforcer.js";
import { openNftables } from "../../../agent/enforce/nftables/open.js";
import type { Pace } from "../../../agent/enforce/repair-backoff.js";
import { entriesIn } from "../../../agent/model/block.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import {
  systemBanClock,
  systemClock,
  unixSeconds,
} from "../../../agent/runtime/clock.js";
import { Repairer } from "../../../agent/walks/reconcile/repair.js";
import { FakeFeed } from "../cloud/fake-cloud.js";
import { until } from "../time/clock.js";
import { ban, TestHost } from "./agent-fixtures.js";

interface Options {
  readonly pace?: Pace;
  /** Whether nothing is heard of what others do. */
  readonly deaf?: boolean;
}

const hearNothing = (): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

/** The same, but its changes are told to nobody: the core's own repairer rests. */
const unwatched = (enforcer: Enforcer): Enforcer =>
  new Proxy(enforcer, {
    get: (target, key) => {
      if (key === "watch") return hearNothing;
      const part: unknown = Reflect.get(target, key, target);
      return typeof part === "function" ? (part.bind(target) as unknown) : part;
    },
  });

/** A host with bans in its kernel that heals what others do to them. */
export class HealingHost implements AsyncDisposable {
  readonly told: string[] = [];
  missed = 0;
  readonly #feed = new FakeFeed();

  private constructor(
    readonly host: TestHost,
    readonly enforcer: Enforcer,
    readonly repairer: Repairer,
  ) {}

  static async start({ pace, deaf }: Options = {}): Promise<HealingHost> {
    const enforcer = await openNftables(systemBanClock);
    const host = await TestHost.open({ enforcer: unwatched(enforcer) });
    const repairer = new Repairer({
      enforcer: deaf === true ? { watch: hearNothing } : enforcer,
      repair: (damage) => host.enforcement.repair(damage),
      missed: () => {
        healing.missed++;
      },
      clock: systemClock,
      events: host.events,
      ...(pace && { pace }),
    });
    const healing = new HealingHost(host, enforcer, repairer);
    repairer.tellTo((line) => healing.told.push(line));
    return healing;
  }

  /** Records bans of the ranges, and has them enforced. */
  async ban(...ranges: readonly string[]): Promise<void> {
    await this.host.carryOut(
      this.#feed.append(ranges.map((each) => ban(each))),
    );
  }

  /** Whether the kernel holds exactly what it must of these ranges. */
  async isWhole(...strangers: readonly string[]): Promise<boolean> {
    const { enforcer, host } = this;
    const kernel = await enforcer.read();
    if (kernel.at === "absent" || kernel.revision !== host.ledger.revision()) {
      return false;
    }
    const now = unixSeconds(Date.now());
    const bans = [...host.ledger.entries(4_000, now)]
      .flat()
      .flatMap((block) => [...entriesIn(block)]);
    const held = await enforcer.hasBan(bans.map(({ cidr }) => cidr));
    const strange = await enforcer.hasBan(strangers.map(parseCidr));
    return held.every(Boolean) && !strange.some(Boolean);
  }

  /** Returns what was told next, once all is put right. */
  async nextTold(): Promise<string> {
    await until("a disturbance that is healed", () => this.told.length > 0);
    return this.told.shift() ?? "";
  }

  /** The kernel is left as it was before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.repairer[Symbol.asyncDispose]();
    await this.enforcer.cleanUp();
    await this.host[Symbol.asyncDispose]();
    await this.enforcer[Symbol.asyncDispose]();
  }
}
