import {
  AF_UNIX,
  LibcError,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  type Libc,
} from "./libc.js";

/**
 * Sends datagrams to a unix socket, which Node cannot. Whoever reads there, or does
 * not, never holds this process up.
 */
export class UnixDatagrams implements Disposable {
  readonly #libc: Libc;
  readonly #address: Uint8Array;
  readonly #socket: number;

  /** @param name a path, or "@" and a name in the abstract namespace */
  constructor(libc: Libc, name: string) {
    this.#libc = libc;
    this.#address = addressOf(name);
    const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.#socket = libc.socket(AF_UNIX, type, 0);
  }

  /** False when it could not be sent: nobody is there, or it is too long. */
  send(text: string | Uint8Array): boolean {
    const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
    try {
      this.#libc.sendTo(this.#socket, bytes, this.#address);
      return true;
    } catch (error) {
      if (error instanceof LibcError) return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#socket);
  }
}

/** Whether a socket may be named so at all. */
export const fitsSocket = (name: string): boolean =>
  Buffer.byteLength(name) < LONGEST_NAME;

/** A `sockaddr_un`: its length tells where an abstract name ends. */
function addressOf(name: string): Uint8Array {
  const path = name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`;
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  return Buffer.concat([family, Buffer.from(path, "utf8")]);
}

/** Bytes of `sun_path`. */
const LONGEST_NAME = 108;
const SOCK_NONBLOCK = 0o4000;
