import { AskerGate } from "../../rate/asker-gate.js";

/** Too many look at bans already. */
export class BrowseBusy extends Error {
  override readonly name = "BrowseBusy";

  constructor() {
    super(
      "bans that were asked for before are still looked up, and enough wait; ask again later",
    );
  }
}

/** For those who ask for bans by query, order or place. */
export class BrowseGate extends AskerGate {
  constructor() {
    super({
      ...{ atOnce: AT_ONCE, vendor: VENDOR, orgs: ORGS },
      full: () => new BrowseBusy(),
    });
  }
}

/** In slices of some 5 ms each, between which all else goes on. */
const AT_ONCE = 4;

/** Who wait: who scrolls has few windows under way, and gives up those passed by. */
const VENDOR = { ofOne: 8, inAll: 64 };
const ORGS = { ofOne: 8, inAll: 64 };
