import { join } from "node:path";
import type { Config } from "../config/config.js";
import type { Identity } from "../config/identity.js";
import type { Ruleset } from "../enforce/enforcer.js";
import type { AgentEvents } from "../events/events.js";
import type { HostFacts } from "../guard/facts.js";
import { CLOUD_ADDRESSES, CloudAddresses } from "../host/cloud-addresses.js";
import { HostReader } from "../host/facts.js";
import type { Ledger } from "../ledger/ledger.js";
import { unixSeconds } from "../runtime/clock.js";
import type { BanTime } from "../time/ban-time.js";
import type { LinkStatus } from "../uplink/link-status.js";
import { Protection } from "./protection.js";

export interface ProtectOptions {
  readonly config: Config;
  readonly identity: Pick<Identity, "url"> | undefined;
  /** Stands in for reading this machine. */
  readonly readHost?: (() => Promise<HostFacts>) | undefined;
}

export interface ProtectRooms {
  readonly ledger: Pick<Ledger, "overrides">;
  readonly time: Pick<BanTime, "clock">;
  readonly enforcer: Pick<Ruleset, "protect">;
  readonly status: LinkStatus;
  /** What the customer's policy wants. */
  readonly policy: () => Pick<HostFacts, "allowed" | "ownBans">;
  readonly events: AgentEvents;
}

/** Protects what is known without a network; names are looked up later. */
export async function protect(
  { config, identity, readHost }: ProtectOptions,
  { ledger, time, enforcer, status, events, policy }: ProtectRooms,
): Promise<Protection> {
  const cloud = await CloudAddresses.open(
    [identity?.url, config.cloud.proxy].flatMap((url) =>
      url === undefined ? [] : new URL(url),
    ),
    join(config.stateDir, CLOUD_ADDRESSES),
  );
  const host = new HostReader({
    adminPorts: config.guard.sessions.ports,
    unreadable: (path, why) => events.fileUnreadable(path, why),
  });
  const readFacts = async () => {
    await cloud
      .reachedAt([...status.connected].reverse())
      .catch((error: unknown) => events.cloudNotRemembered(error));
    const read = await (readHost?.() ?? host.read(cloud.known));
    const now = unixSeconds(time.clock.now());
    const released = ledger.overrides.releases(now).map(({ cidr }) => cidr);
    return { ...read, released, ...policy() };
  };
  return Protection.start({
    readFacts,
    lookUpCloud: () => cloud.lookUp(),
    policy: config.guard,
    enforcer,
    events,
  });
}
