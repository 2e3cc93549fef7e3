/** Bytes or text from outside that break the rules of PROTOCOL.md. */
export class Malformed extends Error {
  override readonly name = "Malformed";

  constructor(
    /** What was being read, as "segment header" or "hello". */
    readonly what: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`malformed ${what}: ${problem}`, options);
  }
}
