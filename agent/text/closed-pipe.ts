import type { Writable } from "node:stream";

/** What a process prints to. */
export type Output = Pick<Writable, "on">;

/**
 * Lets a reader leave early, as `head` does: what is printed after that is
 * dropped, and the work goes on to its end, since an order half given would be
 * worse than one unread. Aborts the returned signal then, for those who only
 * print. Any other failure to print is `failed`'s.
 */
export function untilReaderLeaves(
  outputs: readonly Output[],
  failed: (error: Error) => void,
): AbortSignal {
  const left = new AbortController();
  for (const output of outputs) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") left.abort();
      else failed(error);
    });
  }
  return left.signal;
}
