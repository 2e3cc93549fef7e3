import type {
  Lookup,
  Posture,
  Ruleset,
} from "../../../agent/enforce/enforcer.js";
import { pickEnforcer, type Backend } from "../../../agent/enforce/pick.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import {
  systemBanClock,
  systemClock,
  unixSeconds,
} from "../../../agent/runtime/clock.js";
import { loadLibc } from "../../../agent/runtime/libc.js";
import { Sessions } from "../../../agent/sessions/sessions.js";
import type { Subject } from "./subject.js";

/** How this program enforces. */
export interface Manner {
  readonly backend: Backend;
  readonly posture: Posture;
}

/** This program's own enforcer, as the daemon runs it. */
export async function openTourniquet(manner: Manner): Promise<Subject> {
  const { backend, posture } = manner;
  const { platform } = process;
  const clock = systemBanClock;
  const enforcer = await pickEnforcer({ backend, platform, clock });
  return new Tourniquet(enforcer, posture);
}

class Tourniquet implements Subject {
  readonly name = "tourniquet";
  readonly #enforcer: Ruleset & Lookup;
  readonly #posture: Posture;
  #revision = 0;

  constructor(enforcer: Ruleset & Lookup, posture: Posture) {
    this.#enforcer = enforcer;
    this.#posture = posture;
  }

  async ready(): Promise<void> {
    await this.#enforcer.setPosture(this.#posture);
    await this.#enforcer.rebuild({ ledger: 1, revision: 0 }, nothing());
  }

  async ban(addresses: readonly Cidr[]): Promise<void> {
    const expiresAt = unixSeconds(systemClock.now()) + BAN_SECONDS;
    const kind = { expiresAt, observed: false };
    const put = addresses.map((cidr) => ({ cidr, ...kind }));
    await this.#enforcer.apply({ revision: ++this.#revision, put, remove: [] });
    await this.#cut(addresses);
  }

  async lift(addresses: readonly Cidr[]): Promise<void> {
    const change = { revision: ++this.#revision, put: [], remove: addresses };
    await this.#enforcer.apply(change);
  }

  /** Ends what is open between this host and them, as the daemon does. */
  async #cut(addresses: readonly Cidr[]): Promise<void> {
    using sessions = new Sessions(await loadLibc());
    await sessions.cut(addresses, (all) => this.#enforcer.wouldDrop(all));
  }
}

async function* nothing(): AsyncGenerator<never> {}

const BAN_SECONDS = 3_600;
