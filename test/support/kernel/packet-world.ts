import { writeFile } from "node:fs/promises";
import type { Enforcer } from "../../../agent/enforce/enforcer.js";
import { openNftables } from "../../../agent/enforce/nftables/open.js";
import { parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { Namespace } from "../../../scripts/lab/namespace.js";
import { serve, type Attempt } from "../../../scripts/lab/prober.js";
import { lasting, slices } from "../agent/entries.js";

export const HOST = { 4: "10.9.0.1", 6: "2001:db8:9::1" };
export const ATTACKER = { 4: "10.9.0.2", 6: "2001:db8:9::2" };
/** What the host counts its packets by: of IPv6 its /64. */
export const attackerOf = (family: 4 | 6): Cidr =>
  parseCidr(family === 4 ? ATTACKER[4] : "2001:db8:9::/64");

export const GUEST = { 4: "10.8.0.2", 6: "2001:db8:8::2" };
export const PORT = 7000;

/** An attacker, this host, and behind it a guest that it forwards to. */
export class PacketWorld implements AsyncDisposable {
  readonly #opened: Lifetime;

  private constructor(
    readonly attacker: Namespace,
    readonly guest: Namespace,
    opened: Lifetime,
  ) {
    this.#opened = opened;
  }

  static async make(): Promise<PacketWorld> {
    await using opened = new Lifetime();
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
    await writeFile("/proc/sys/net/ipv6/conf/all/forwarding", "1");
    opened.own(await serve(PORT));
    const attacker = opened.own(
      await Namespace.linked(
        {
          here: [`${HOST[4]}/24`, `${HOST[6]}/64`],
          there: [`${ATTACKER[4]}/24`, "10.9.0.3/24", `${ATTACKER[6]}/64`],
        },
        PORT,
      ),
    );
    const guest = opened.own(
      await Namespace.linked(
        {
          here: ["10.8.0.1/24", "2001:db8:8::1/64"],
          there: [`${GUEST[4]}/24`, `${GUEST[6]}/64`],
        },
        PORT,
      ),
    );
    for (const [namespace, net] of [
      [attacker, 9],
      [guest, 8],
    ] as const) {
      await namespace.sh(`ip route add default via 10.${net}.0.1`);
      await namespace.sh(`ip -6 route add default via 2001:db8:${net}::1`);
    }
    return new PacketWorld(attacker, guest, opened.release());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** An enforcer that drops nothing yet, at revision 1 of ledger 1. */
export async function freshEnforcer(): Promise<Enforcer> {
  const enforcer = await openNftables(systemBanClock);
  await enforcer.rebuild({ ledger: 1, revision: 1 }, slices());
  return enforcer;
}

export const ban = (enforcer: Enforcer, seconds: number, ...ranges: string[]) =>
  enforcer.apply({ revision: 2, put: lasting(seconds, ...ranges), remove: [] });

export const lift = (enforcer: Enforcer, ...ranges: string[]) =>
  enforcer.apply({ revision: 3, put: [], remove: ranges.map(parseCidr) });

/** To reach the host's open port over TCP, unless said otherwise. */
export const attempt = (
  family: 4 | 6,
  more: Partial<Attempt> = {},
): Attempt => ({ protocol: "tcp", to: HOST[family], port: PORT, ...more });
