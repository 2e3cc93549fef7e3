import { AskerGate } from "./asker-gate.js";

/** Too many lists are looked through already. */
export class ListBusy extends Error {
  override readonly name = "ListBusy";

  constructor() {
    super(
      "lists that were asked for before are still looked through, and enough wait; ask again later",
    );
  }
}

/**
 * For those who look through hosts, attackers or calls. Who also asks who holds what,
 * which takes minutes of a large fleet, waits for no list because of that.
 */
export class ListGate extends AskerGate {
  constructor() {
    super({
      ...{ atOnce: AT_ONCE, vendor: VENDOR, orgs: ORGS },
      full: () => new ListBusy(),
    });
  }
}

/** In turns of some 10 ms each, between which all else goes on. */
const AT_ONCE = 4;

/** Who wait, of a credential and of an org: who types asks again and again. */
const VENDOR = { ofOne: 16, inAll: 64 };
const ORGS = { ofOne: 8, inAll: 128 };
