import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import { NotEnforced } from "../../../agent/enforce/enforcer.js";
import { covers, parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import { systemBanClock, unixSeconds } from "../../../agent/runtime/clock.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { signText } from "../../../agent/trust/sign.js";
import { keys, type KeyName } from "../vectors.js";
import { ban, policy, TestHost, type HostOptions } from "./agent-fixtures.js";
import { unpacked } from "./entries.js";

export const DAY_MS = 86_400_000;

/** A policy that allows these for a day. */
export const policyOf = (
  ranges: readonly string[],
  fields: Readonly<Record<string, unknown>> = {},
) => ({
  ...{ type: "policy", org: "acme", version: 1, groups: [] },
  ...{ issuedAt: Date.now(), expiresAt: Date.now() + 30 * DAY_MS },
  allow:
    ranges.length === 0
      ? []
      : [{ until: Date.now() + DAY_MS, why: "the office", ranges }],
  ...fields,
});

export const signPolicy = (
  document: object,
  by: KeyName = "contentA",
): SignedText => signText("policy", document, [keys[by]], 2);

/** An enforcer that remembers what is to pass in any case. */
class Remembering extends DryRunEnforcer {
  passing: readonly Cidr[] = [];
  fails = false;

  override protect(cidrs: readonly Cidr[] = []): Promise<void> {
    if (this.fails) return Promise.reject(new NotEnforced("it is busy"));
    this.passing = cidrs;
    return Promise.resolve();
  }
}

/** A host without an uplink, and what its kernel would do with packets. */
export class PolicyHost implements AsyncDisposable {
  private constructor(
    readonly host: TestHost,
    readonly kernel: Remembering,
  ) {}

  static async open(options: HostOptions = {}): Promise<PolicyHost> {
    const kernel = new Remembering(systemBanClock);
    const host = await TestHost.open({ enforcer: kernel, policy, ...options });
    return new PolicyHost(host, kernel);
  }

  /** Takes the policy, and has all of the host follow it. */
  async take(document: object, by?: KeyName): Promise<void> {
    this.host.core.policies.hear(signPolicy(document, by));
    await this.follow();
  }

  follow(): Promise<void> {
    return this.host.core.recurring.followPolicy();
  }

  /** Bans that the host decides on by itself: a sensor's, or its operator's. */
  async decide(range: string, by: "sensor" | "operator"): Promise<void> {
    const { op: _, ...terms } = ban(range);
    // Whatever it says of itself.
    const reason = "sshd: too many failed logins on this host";
    const own = { ...terms, reason, bySensor: by === "sensor" };
    const now = unixSeconds(Date.now());
    this.host.ledger.recordLocal([own], now);
    await this.host.enforcement.enforce();
  }

  /** Whether packets of the address are dropped, by the kernel's two looks. */
  drops(address: string): boolean {
    const cidr = parseCidr(address);
    const now = unixSeconds(this.host.clock.now());
    const entries = unpacked(this.host.ledger.entries(1_000, now));
    const isBanned = entries.some(
      (entry) => !entry.observed && covers(entry.cidr, cidr),
    );
    return isBanned && !this.kernel.passing.some((it) => covers(it, cidr));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}
