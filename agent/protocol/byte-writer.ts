/** Collects bytes in one buffer that doubles when it is full. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(expected = 256) {
    this.#buffer = Buffer.allocUnsafe(expected);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Big-endian, 2 bytes. */
  u16(value: number): this {
    return this.byte((value >> 8) & 0xff).byte(value & 0xff);
  }

  /** Big-endian, 4 bytes. */
  u32(value: number): this {
    return this.u16(Math.floor(value / 65_536)).u16(value % 65_536);
  }

  /** LEB128, unsigned. */
  varint(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    return this.byte(rest);
  }

  /** UTF-8 behind its length. */
  text(value: string): this {
    const bytes = Buffer.from(value, "utf8");
    return this.varint(bytes.length).raw(bytes);
  }

  /** What was written: a view that the next write may leave behind. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const size = Math.max(this.#buffer.length * 2, this.#length + more);
    const larger = Buffer.allocUnsafe(size);
    larger.set(this.bytes());
    this.#buffer = larger;
  }
}
