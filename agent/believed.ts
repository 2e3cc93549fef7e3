import type { Config } from "./config/config.js";
import { feedsOf, type Identity } from "./config/identity.js";
import type { AgentEvents } from "./events/events.js";
import { CloudTrust } from "./keyring/cloud-trust.js";
import { PolicyStore } from "./keyring/policy-store.js";
import type { Ledger } from "./ledger/ledger.js";
import type { FeedName } from "./model/position.js";
import type { SignedText } from "./protocol/signed-text.js";
import { unixSeconds, type BanClock } from "./runtime/clock.js";
import { AllowedHere } from "./walks/ban/allowed-here.js";

export interface BelievePorts {
  readonly config: Config;
  /** Undefined where there is no cloud. */
  readonly identity: Identity | undefined;
  /** Keeps a new root over a restart of the agent; throws when it cannot. */
  readonly keepRoot: (root: SignedText, fingerprint: string) => void;
  readonly ledger: Ledger;
  readonly clock: BanClock;
  readonly events: AgentEvents;
}

export interface Believed {
  readonly trust: CloudTrust;
  readonly policies: PolicyStore;
  readonly allowedHere: AllowedHere;
  /** The feeds that this host follows now. */
  readonly followed: () => readonly FeedName[];
}

/** What the cloud is believed by, and what this host's customer wants by that. */
export async function believe(ports: BelievePorts): Promise<Believed> {
  const { config, identity, ledger, clock, events } = ports;
  const trust = new CloudTrust(ports);
  const { guard } = config;
  const policies = new PolicyStore({
    org: identity?.org ?? "",
    policy: guard.policy,
    translators: guard.translators,
    roots: trust.roots,
    ...{ ledger, clock, events },
  });
  const here = { policies, ledger, clock, guard, events };
  const allowedHere = new AllowedHere(here);
  await allowedHere.open();
  const usual = feedsOf(identity);
  const followed = () => [...usual, ...policies.feeds()];
  const now = unixSeconds(clock.now());
  ledger.followOnly([...followed(), "local"], now);
  trust.heads.follow(followed());
  policies.onChanged(() => trust.heads.follow(followed()));
  return { trust, policies, allowedHere, followed };
}
