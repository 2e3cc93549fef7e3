import type { Libc } from "../../../runtime/libc.js";
import { readHits, type Hits } from "./hits.js";

/** Reads hits once for all who ask meanwhile: memory is not theirs to multiply. */
export class Counting {
  readonly #libc: Libc;
  #reading: Promise<Hits> | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  hits(): Promise<Hits> {
    this.#reading ??= readHits(this.#libc).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }
}
