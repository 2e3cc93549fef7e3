import type { StorageState } from "../model/storage.js";
import { schedule } from "../runtime/schedule.js";
import type { Ledger, LedgerOptions } from "./ledger.js";
import { handBack } from "./stand-in.js";

export interface StorageWatchPorts {
  readonly ledger: Pick<Ledger, "look" | "storage" | "onStorage" | "overrides">;
  /** Where the ledger itself lies, and how it is opened. */
  readonly path: string;
  readonly options: LedgerOptions;
  /** There is more or less room than before. */
  changed(): void;
  readonly events: {
    storageChanged(state: StorageState): void;
    storageUnknown(why: unknown): void;
  };
}

/** Reason for which an agent ends: what it worked on was no more than a copy. */
export class LedgerIsBack extends Error {
  override readonly name = "LedgerIsBack";

  constructor() {
    super("the ledger can be written to again, and is opened anew");
  }
}

/**
 * Looks how much room the state folder leaves, so that it is known before anybody
 * needs it, and has written down what waited for room.
 */
export class StorageWatch implements Disposable {
  readonly #ports: StorageWatchPorts;
  readonly #looking: Disposable;
  /** Resolves when the ledger takes the place of its copy. */
  readonly mended: Promise<LedgerIsBack>;
  #mend: (why: LedgerIsBack) => void = () => undefined;

  constructor(ports: StorageWatchPorts) {
    this.#ports = ports;
    this.mended = new Promise((resolve) => (this.#mend = resolve));
    ports.ledger.onStorage(() => this.#tell());
    if (ports.ledger.storage().state !== "ok") this.#tell();
    const rhythm = { everyMs: LOOK_EVERY_MS, firstMs: 0 };
    this.#looking = schedule(rhythm, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
  }

  #tell(): void {
    const { ledger, events } = this.#ports;
    const { state } = ledger.storage();
    events.storageChanged(state);
    this.#ports.changed();
  }

  #look(): Promise<void> {
    const { ledger, path, options, events } = this.#ports;
    try {
      ledger.look();
      const { isStandIn } = ledger.storage();
      if (isStandIn && handBack(ledger, path, options)) {
        this.#mend(new LedgerIsBack());
      }
    } catch (error) {
      events.storageUnknown(error); // who records next is told as well
    }
    return Promise.resolve();
  }
}

const LOOK_EVERY_MS = 15_000;
