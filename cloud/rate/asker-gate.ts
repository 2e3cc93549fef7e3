import { FairQueue } from "./fair-queue.js";
import { Gate } from "./gate.js";

/** Who asks. */
export interface Asker {
  /** Null: the vendor's people. */
  readonly org: string | null;
  readonly credential: string;
}

/** How many of some wait: of one of them, and in all. */
interface Waiting {
  readonly ofOne: number;
  readonly inAll: number;
}

export interface AskerGateSettings {
  /** How many have an answer made at once. */
  readonly atOnce: number;
  /** By credential. */
  readonly vendor: Waiting;
  /** By org, which makes itself as many credentials as it likes. */
  readonly orgs: Waiting;
  /** What is thrown where too many wait. */
  readonly full: () => Error;
}

/**
 * Of those who ask for what takes long, one of an org has an answer made at a time,
 * and one of a credential of the vendor's people. These go first; and neither has
 * all places, whoever asks how much.
 */
export class AskerGate {
  readonly #gate: Gate;

  constructor({ atOnce, vendor, orgs, full }: AskerGateSettings) {
    const lanes = [vendor, orgs].map((each) => ({
      queue: new FairQueue(each),
      atOnce: atOnce - 1,
    }));
    this.#gate = new Gate({ atOnce, lanes, full });
  }

  /**
   * @param gone aborted once nobody waits for the answer any more
   * @throws what `full` makes where too many wait, and what `work` throws
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
