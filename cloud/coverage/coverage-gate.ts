import { FairQueue } from "../rate/fair-queue.js";
import { Gate } from "../rate/gate.js";

/** Too many ask already who holds what. */
export class CoverageBusy extends Error {
  override readonly name = "CoverageBusy";

  constructor() {
    super(
      "what was asked before about who holds what is still looked up, and enough wait; ask again later",
    );
  }
}

/**
 * Of those who ask who holds a decision, and look at all hosts for it, one of a
 * credential has an answer made at a time.
 */
export const coverageGate = (): Gate =>
  new Gate({
    atOnce: AT_ONCE,
    lanes: [new FairQueue({ ofOne: MOST_OF_ONE, inAll: MOST })],
    full: () => new CoverageBusy(),
  });

/** In turns of some 10 ms each, between which all else goes on. */
const AT_ONCE = 4;

/** Who wait, of a credential: commands that wait for hosts ask again and again. */
const MOST_OF_ONE = 16;

/** Of all. */
const MOST = 128;
