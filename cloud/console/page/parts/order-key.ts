import { ApiProblem, Unreachable, type Method } from "../api.js";

interface Given {
  readonly method: Method;
  readonly address: string;
  readonly body: unknown;
}

/**
 * The key that an order goes out with: the same one again for as long as the order
 * is the same and it is not known what became of it, and a new one else.
 */
export class OrderKey {
  #last: { readonly given: Given; readonly key: string } | undefined;

  keyOf(given: Given): string {
    if (this.#last === undefined || !isSame(this.#last.given, given)) {
      this.#last = { given, key: crypto.randomUUID() };
    }
    return this.#last.key;
  }

  /** @param error why it failed; undefined: it was carried out */
  settled(error?: unknown): void {
    if (!isUnknown(error)) this.#last = undefined;
  }
}

/** Files are the same only if they are the very same. */
const isSame = (a: Given, b: Given): boolean =>
  a.method === b.method &&
  a.address === b.address &&
  (a.body instanceof Blob || b.body instanceof Blob
    ? a.body === b.body
    : JSON.stringify(a.body) === JSON.stringify(b.body));

/** Whether it may have been carried out all the same. */
const isUnknown = (error: unknown): boolean =>
  error instanceof Unreachable ||
  (error instanceof ApiProblem &&
    (error.status >= 500 || error.code === "in-progress"));
