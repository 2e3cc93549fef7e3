import { LONGEST_REASON } from "../model/ban.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import { limits } from "./limits.js";

/** Reasons are written once and named by their number. */
export class ReasonTable {
  readonly #numbers = new Map<string, number>();

  /** @throws RangeError when no reader would take the reason or the table */
  numberOf(reason: string): number {
    const known = this.#numbers.get(reason);
    if (known !== undefined) return known;
    const bytes = Buffer.byteLength(reason);
    if (bytes > LONGEST_REASON)
      throw new RangeError(`${bytes} bytes of reason`);
    if (this.#numbers.size === limits.reasons) {
      throw new RangeError(`more than ${limits.reasons} distinct reasons`);
    }
    this.#numbers.set(reason, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  writeTo(writer: ByteWriter): void {
    writer.varint(this.#numbers.size);
    for (const reason of this.#numbers.keys()) writer.text(reason);
  }
}

export function readReasons(reader: ByteReader): readonly string[] {
  const count = reader.varint();
  if (count > limits.reasons || count > reader.left) {
    throw reader.fail(`declares ${count} reasons`);
  }
  return Array.from({ length: count }, () => reader.text(LONGEST_REASON));
}

/** @throws Malformed when the table has no such reason */
export function reasonAt(
  reasons: readonly string[],
  reader: ByteReader,
): string {
  const number = reader.varint();
  const reason = reasons[number];
  if (reason === undefined) throw reader.fail(`names reason ${number}`);
  return reason;
}
