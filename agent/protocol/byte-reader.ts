import { Malformed } from "./malformed.js";

/** Walks over bytes from outside; whatever is not there is `Malformed`. */
export class ByteReader {
  #at = 0;

  constructor(
    readonly bytes: Uint8Array,
    /** Named in errors. */
    readonly what: string,
  ) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  byte(): number {
    const value = this.bytes[this.#at];
    if (value === undefined) throw this.#short(1);
    this.#at += 1;
    return value;
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.left) throw this.#short(length);
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** Big-endian, 2 bytes. */
  u16(): number {
    return this.byte() * 256 + this.byte();
  }

  /** Big-endian, 4 bytes. */
  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  /** LEB128, unsigned, at most 2^53 - 1 and in its shortest form. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw this.fail("a number is padded");
        break;
      }
      scale *= 128;
      if (scale > 2 ** 49) throw this.fail("a number is too long");
    }
    if (!Number.isSafeInteger(value)) throw this.fail("a number is too large");
    return value;
  }

  /** UTF-8 behind its length. */
  text(most: number): string {
    const length = this.varint();
    if (length > most) {
      throw this.fail(`a text has ${length} bytes, more than ${most}`);
    }
    return decodeUtf8(this.take(length), this.what);
  }

  /** Everything must have been read. */
  end(): void {
    if (this.left > 0) throw this.fail(`${this.left} bytes too many`);
  }

  fail(problem: string): Malformed {
    return new Malformed(this.what, problem);
  }

  #short(wanted: number): Malformed {
    return this.fail(`needs ${wanted} bytes more, has ${this.left}`);
  }
}

/** @throws Malformed unless the bytes are valid UTF-8 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new Malformed(what, "text is not UTF-8", { cause });
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
