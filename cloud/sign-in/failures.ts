/** Somebody did not prove who they are. What is said tells no more than that. */
export class SignInRefused extends Error {
  override readonly name = "SignInRefused";
}

/** Too many tries, or too many at once; the same may go well later. */
export class TryLater extends Error {
  override readonly name = "TryLater";

  /** @param afterMs when another try is taken, if nobody else comes before */
  constructor(
    message: string,
    readonly afterMs: number,
  ) {
    super(message);
  }
}

/** What somebody chose for themselves would not do. */
export class BadChoice extends Error {
  override readonly name = "BadChoice";

  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** This cloud's settings, or the issuer that they name, do not allow it now. */
export class WayUnusable extends Error {
  override readonly name = "WayUnusable";
}
