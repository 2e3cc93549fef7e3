import type { Config } from "./config/config.js";
import type { Enforcer } from "./enforce/enforcer.js";
import { pickEnforcer } from "./enforce/pick.js";
import type { HostFacts } from "./guard/facts.js";
import { protectedRanges } from "./guard/guard.js";
import { openBoot } from "./host/boot.js";
import { HostReader } from "./host/facts.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Cidr } from "./model/cidr.js";
import { NO_RANGES } from "./model/cidr-index.js";
import { systemClock, unixSeconds } from "./runtime/clock.js";
import { Lifetime } from "./runtime/lifetime.js";
import { BanTime } from "./time/ban-time.js";

/** What a host knows and can do without a daemon, a cloud and a network. */
export interface Offline extends AsyncDisposable {
  readonly time: BanTime;
  /** @throws CannotEnforce when this host can't, or its caller may not */
  openEnforcer(): Promise<Enforcer>;
  /** What this host is, as far as it can be read now; `cloud` is remembered. */
  facts(cloud: readonly string[]): Promise<HostFacts>;
  /** What no ban may touch, given these facts. */
  protectedBy(facts: HostFacts): readonly Cidr[];
}

/**
 * Opens what commands use where no agent answers, on a ledger that they opened:
 * the daemon makes and mends ledgers, and these do not. Writes nothing but the
 * time, and that as the daemon does.
 */
export async function openOffline(
  { enforce: { backend }, guard }: Config,
  ledger: Ledger,
  platform: NodeJS.Platform,
): Promise<Offline> {
  await using opened = new Lifetime();
  const boot = await openBoot();
  const time = opened.own(new BanTime({ clock: systemClock, boot, ledger }));
  const host = new HostReader({
    adminPorts: guard.sessions.ports,
    unreadable: () => undefined, // the daemon tells
  });
  const lifetime = opened.release();
  return {
    time,
    openEnforcer: async () => {
      const { clock } = time;
      return lifetime.own(await pickEnforcer({ backend, platform, clock }));
    },
    facts: async (cloud) => {
      const read = await host.read(cloud);
      const now = unixSeconds(time.clock.now());
      const released = ledger.overrides.releases(now).map(({ cidr }) => cidr);
      // What a policy allows passes again once the agent runs, and has verified it.
      return { ...read, released, allowed: NO_RANGES, ownBans: [] };
    },
    protectedBy: (facts) => protectedRanges(facts, guard),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}
