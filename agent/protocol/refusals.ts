import type { FeedName } from "../model/position.js";

/**
 * Why an agent looks no further at what it was sent. The cloud hears the code;
 * PROTOCOL.md has a heading for each.
 */
export const refusalCodes = [
  "malformed",
  "bad-signature",
  "wrong-feed",
  "wrong-audience",
  "wrong-epoch",
  "expired",
  "replayed",
  "gap",
  "forked",
  "implausible",
  "safe-mode",
  "poison",
  "not-recorded",
  "not-enforced",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** Something that was sent is not carried out; nothing of it has been. */
export class Refused extends Error {
  override readonly name = "Refused";
  /** Where it is known though nothing was read of it. */
  readonly feed: FeedName | undefined;

  constructor(
    readonly code: RefusalCode,
    readonly detail: string,
    options?: ErrorOptions & { readonly feed?: FeedName | undefined },
  ) {
    super(`refused (${code}): ${detail}`, options);
    this.feed = options?.feed;
  }
}

/** Whether asking again from the own position may get what was refused. */
export const mayResume = (code: RefusalCode): boolean => RESUMED.has(code);

/**
 * After the others the same would be refused again; but what was not enforced the
 * ledger has, and converging goes on.
 */
const RESUMED: ReadonlySet<RefusalCode> = new Set([
  "gap",
  "wrong-epoch",
  "forked",
  "not-recorded",
  "poison", // the cloud has another way to the same place
]);
