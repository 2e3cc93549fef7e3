import { numberText } from "../../agent/text/count.js";
import { spanText } from "../../agent/text/time.js";

/** Where progress is shown: standard error, as far as it is a terminal. */
export type ProgressOut = Pick<NodeJS.WriteStream, "write"> & {
  readonly isTTY?: boolean;
};

/**
 * One line at a terminal that says how far something is, how fast, and how long it
 * still takes; nothing within the first second, and nothing where it is no terminal.
 */
export class Progress {
  readonly #out: ProgressOut;
  readonly #now: () => number;
  readonly #started: number;
  #shownAt: number;
  #isShown = false;

  constructor(out: ProgressOut, now = () => performance.now()) {
    this.#out = out;
    this.#now = now;
    this.#started = now();
    this.#shownAt = this.#started + QUIET_MS - EVERY_MS;
  }

  /** `of` is undefined where nobody knows how many there will be. */
  show(done: number, of: number | undefined): void {
    const now = this.#now();
    if (this.#out.isTTY !== true || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    const perMs = done / (now - this.#started);
    const rate = `${numberText(Math.round(perMs * 1_000))} a second`;
    const text =
      of === undefined || of < done || done === 0
        ? `${numberText(done)}, ${rate}`
        : `${numberText(done)} of ${numberText(of)}, ${rate}, ${spanText((of - done) / perMs)} left`;
    this.#out.write(`${WIPE}${text}`);
  }

  /** Leaves nothing of it behind. */
  end(): void {
    if (this.#isShown) this.#out.write(WIPE);
    this.#isShown = false;
  }
}

const WIPE = "\r\u001b[K";
const QUIET_MS = 1_000;
const EVERY_MS = 200;
