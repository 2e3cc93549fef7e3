/** Whoever proposed, or broke the glass, is not the second person. */
export class SamePerson extends Error {
  override readonly name = "SamePerson";
}

/** The glass is not this operator's to break, or not with this order. */
export class GlassHolds extends Error {
  override readonly name = "GlassHolds";

  constructor(
    readonly why: "not-allowed" | "step-up-needed" | "lasts-too-long",
    message: string,
  ) {
    super(message);
  }
}
