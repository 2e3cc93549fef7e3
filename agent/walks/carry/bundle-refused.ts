import { printable } from "../../log/printable.js";
import { Malformed } from "../../protocol/malformed.js";
import { Refused, type RefusalCode } from "../../protocol/refusals.js";

/** A bundle of which nothing is taken, or no more. */
export class BundleRefused extends Error {
  override readonly name = "BundleRefused";

  constructor(
    readonly code: RefusalCode,
    /** Which part, feed and ops, and what is wrong there. */
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${detail} (${code}); nothing was changed`, options);
  }
}

/** Runs `look`; what it refuses is refused as of this part of the bundle. */
export function ofPart<T>(part: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw asRefused(part, error);
  }
}

/** What a part is refused for, in the words of a bundle; anything else as it is. */
export function asRefused(part: string, error: unknown): unknown {
  if (error instanceof Refused) {
    const detail = `${part}: ${printable(error.detail, LONGEST)}`;
    return new BundleRefused(error.code, detail, { cause: error });
  }
  if (error instanceof Malformed) {
    const detail = `${part}: ${printable(error.message, LONGEST)}`;
    return new BundleRefused("malformed", detail, { cause: error });
  }
  return error;
}

/** Characters of what is wrong. */
const LONGEST = 512;
