import { AskerGate } from "../rate/asker-gate.js";

/** Too many ask already who holds what. */
export class CoverageBusy extends Error {
  override readonly name = "CoverageBusy";

  constructor() {
    super(
      "what was asked before about who holds what is still looked up, and enough wait; ask again later",
    );
  }
}

/** For those who ask who holds a decision, and look at all hosts for it. */
export class CoverageGate extends AskerGate {
  constructor() {
    super({
      ...{ atOnce: AT_ONCE, vendor: VENDOR, orgs: ORGS },
      full: () => new CoverageBusy(),
    });
  }
}

/** In turns of some 10 ms each, between which all else goes on. */
const AT_ONCE = 4;

/** Who wait, of a credential: commands that wait for hosts ask again and again. */
const VENDOR = { ofOne: 16, inAll: 64 };
const ORGS = { ofOne: 8, inAll: 128 };
