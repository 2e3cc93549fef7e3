import { OutgoingRefused } from "./errors.js";

/** How many calls are on their way, so that none of them takes all there is. */
export class Calls {
  readonly #byHost = new Map<string, number>();
  #all = 0;

  /** @throws OutgoingRefused when there are too many, to this host or at all */
  begin(host: string): Disposable {
    const there = this.#byHost.get(host) ?? 0;
    if (this.#all >= MOST_CALLS || there >= MOST_CALLS_OF_HOST) {
      const problem = `is one call too many: ${there} to it and ${this.#all} in all are on their way; try again in a moment`;
      throw new OutgoingRefused("host", host, problem);
    }
    this.#all += 1;
    this.#byHost.set(host, there + 1);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#end(host);
      },
    };
  }

  #end(host: string): void {
    this.#all -= 1;
    const left = (this.#byHost.get(host) ?? 1) - 1;
    if (left === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, left);
  }
}

export const MOST_CALLS = 64;
export const MOST_CALLS_OF_HOST = 16;
