import type { AgentEvents } from "../events/events.js";
import { needsReopening } from "../ledger/damage.js";
import type { Ledger } from "../ledger/ledger.js";
import type { KeptPolicy } from "../ledger/policies.js";
import type { FeedName } from "../model/position.js";
import type { Translators } from "../model/translators.js";
import { Malformed } from "../protocol/malformed.js";
import type { PolicySensors } from "../protocol/policy.js";
import { Refused } from "../protocol/refusals.js";
import { parseJson } from "../protocol/shapes.js";
import { SignedText } from "../protocol/signed-text.js";
import type { BanClock, UnixMs } from "../runtime/clock.js";
import {
  NO_FLOOR,
  TrustedPolicy,
  type AllowedRange,
  type HeldRange,
  type PolicyFloor,
} from "../trust/policy.js";
import type { RootStore } from "./root-store.js";

export interface PolicyStorePorts {
  readonly org: string;
  /** `off`: whoever runs this host wants none. */
  readonly policy: "follow" | "off";
  /** Prefixes by which this host sees IPv4, beside 64:ff9b::/96. */
  readonly translators: Translators;
  readonly roots: Pick<RootStore, "current" | "onTaken">;
  readonly ledger: Pick<Ledger, "policies">;
  /** By whose time what is allowed runs out. */
  readonly clock: Pick<BanClock, "now">;
  readonly events: Pick<
    AgentEvents,
    "policyTaken" | "policyRefused" | "policyNotKept" | "policyWithdrawn"
  >;
}

/** A policy that counts here, and what was signed. */
interface ActivePolicy {
  readonly policy: TrustedPolicy;
  readonly text: SignedText;
}

/**
 * The newest policy of this host's org: kept in the ledger, and believed no longer
 * than the newest root bears it out.
 *
 * `hear` checks in the order of PROTOCOL.md, Policy: 1 to 4 as it opens
 * (trust/policy.ts), 5 the root's date and, unless the policy is known already, its
 * own, 6 its version. A new root has steps 1 to 4 taken again of what is kept.
 */
export class PolicyStore {
  readonly #ports: PolicyStorePorts;
  readonly #listeners = new Set<() => void>();
  #active: ActivePolicy | undefined;
  #floor = NO_FLOOR;

  /** Takes up what an earlier run has kept. */
  constructor(ports: PolicyStorePorts) {
    this.#ports = ports;
    const kept = this.isOff ? undefined : ports.ledger.policies.kept();
    if (kept !== undefined) this.#takeUp(kept);
    ports.roots.onTaken(() => this.#reconsider());
  }

  /** Whether whoever runs this host wants none. */
  get isOff(): boolean {
    return this.#ports.policy === "off";
  }

  /** What counts here now. */
  get current(): TrustedPolicy | undefined {
    const policy = this.#active?.policy;
    return policy?.isGoodAt(this.#ports.clock.now()) ? policy : undefined;
  }

  /** The newest that was taken, whether or not it has run out. */
  get newest(): TrustedPolicy | undefined {
    return this.#active?.policy;
  }

  /** Ranges that bans of feeds are not enforced on now. */
  allowed(): readonly AllowedRange[] {
    return this.#active?.policy.allowedAt(this.#ports.clock.now()) ?? [];
  }

  /** Bans of feeds that are held now, by the feed and exactly these ranges. */
  held(): readonly HeldRange[] {
    return this.#active?.policy.holdsAt(this.#ports.clock.now()) ?? [];
  }

  /**
   * Feeds that this host follows beside the usual, over the policy's end: bans have
   * ends of their own.
   */
  feeds(): readonly FeedName[] {
    return this.#active?.policy.document.feeds ?? [];
  }

  /** How the customer wants sensors to be set. */
  sensors(): PolicySensors {
    return this.current?.sensors ?? {};
  }

  /** Has somebody told whenever another policy counts, or none any more. */
  onChanged(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes a policy that was pushed; one that is known changes nothing. */
  hear(text: SignedText): void {
    const { clock, events, roots } = this.#ports;
    const now = clock.now();
    try {
      if (this.isOff)
        throw new Refused("wrong-audience", "guard.policy is off");
      const policy = this.#open(text); // steps 1 to 4
      roots.current.mustBeGoodAt(now); // step 5
      const held = this.#active?.policy;
      if (policy.fingerprint === held?.fingerprint) return;
      policy.mustReplace(held, now, this.#floor); // steps 5 and 6
      this.#take({ policy, text });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      events.policyRefused(error);
    }
  }

  #takeUp({ org, version, signed, ...floor }: KeptPolicy): void {
    // What another org's policies were held against is nothing to this one's.
    if (org !== this.#ports.org) return this.#ports.ledger.policies.forget();
    this.#floor = floor;
    if (signed === null) return;
    this.#unlessRefused(version, () => {
      const text = parseJson(SignedText, signed, "policy");
      this.#active = { policy: this.#open(text), text };
    });
  }

  /** In force before it is on the disk: what it takes back must not wait for a disk. */
  #take({ policy, text }: ActivePolicy): void {
    const { events } = this.#ports;
    const { version, groups } = policy.document;
    this.#active = { policy, text };
    this.#raise("leastAllowedAt", policy.allowance?.issuedAt ?? 0);
    try {
      this.#keep(version, JSON.stringify(text));
    } catch (error) {
      if (needsReopening(error)) throw error;
      events.policyNotKept(version, error);
    }
    events.policyTaken(version, groups, policy.ranges.length);
    this.#tell();
  }

  /** A root has come: a key that it does not list takes the policy along. */
  #reconsider(): void {
    const active = this.#active;
    if (active === undefined) return;
    const { version } = active.policy.document;
    this.#unlessRefused(version, () => void this.#open(active.text));
    if (this.#active === undefined) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #open(text: SignedText): TrustedPolicy {
    const { roots, org, translators } = this.#ports;
    return TrustedPolicy.open(text, roots.current, org, translators);
  }

  #keep(version: number, signed: string | null): void {
    const { org, ledger } = this.#ports;
    ledger.policies.keep({ org, version, signed, ...this.#floor });
  }

  #raise(what: keyof PolicyFloor, to: UnixMs): void {
    this.#floor = { ...this.#floor, [what]: Math.max(this.#floor[what], to) };
  }

  /**
   * What no root bears out any more leaves a date behind, and no version: whoever
   * stole its key could have chosen the highest that there is.
   */
  #unlessRefused(version: number, open: () => void): void {
    const { clock, events, roots } = this.#ports;
    try {
      open();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#active = undefined;
      const since = Math.min(roots.current.document.issuedAt, clock.now());
      this.#raise("leastIssuedAt", since);
      this.#keep(version, null);
      events.policyWithdrawn(error);
    }
  }
}

const isRefusal = (error: unknown): error is Refused | Malformed =>
  error instanceof Refused || error instanceof Malformed;
