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

/** Who asks. */
export interface Asker {
  /** Null: the vendor's people. */
  readonly org: string | null;
  readonly credential: string;
}

/**
 * Of those who ask who holds a decision, and look at all hosts for it, one of an org
 * has an answer made at a time, and one of a credential of the vendor's people. These
 * go first; and neither has all places, whoever asks how much.
 */
export class CoverageGate {
  readonly #gate = new Gate({
    atOnce: AT_ONCE,
    lanes: [
      {
        queue: new FairQueue({ ofOne: MOST_OF_ONE, inAll: MOST_OF_VENDOR }),
        atOnce: AT_ONCE - 1,
      },
      {
        queue: new FairQueue({ ofOne: MOST_OF_ORG, inAll: MOST_OF_ORGS }),
        atOnce: AT_ONCE - 1,
      },
    ],
    full: () => new CoverageBusy(),
  });

  /**
   * @param gone aborted once nobody waits for the answer any more
   * @throws CoverageBusy where too many wait, and what `work` throws
   */
  run<T>(
    { org, credential }: Asker,
    gone: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    const lane = org === null ? VENDOR : ORGS;
    return this.#gate.run(org ?? credential, work, { lane, gone });
  }
}

const VENDOR = 0;
const ORGS = 1;

/** In turns of some 10 ms each, between which all else goes on. */
const AT_ONCE = 4;

/** Who wait, of a credential: commands that wait for hosts ask again and again. */
const MOST_OF_ONE = 16;
const MOST_OF_VENDOR = 64;

/** An org makes itself as many credentials as it likes. */
const MOST_OF_ORG = 8;
const MOST_OF_ORGS = 128;
