import { loadLibc } from "../runtime/libc.js";
import { UnixDatagrams } from "../runtime/unix-datagram.js";

/** Takes entries of named fields into systemd's journal. */
export interface Journal extends Disposable {
  /** False when it did not: nobody is there, or the entry is too long. */
  write(entry: Readonly<Record<string, string>>): boolean;
}

/** Where journald takes entries with fields of their own. */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

/** @throws whatever loading the C library throws */
export async function openJournal(path = JOURNAL_SOCKET): Promise<Journal> {
  const datagrams = new UnixDatagrams(await loadLibc(), path);
  return {
    write: (entry) => datagrams.send(bytesOf(entry)),
    [Symbol.dispose]: () => datagrams[Symbol.dispose](),
  };
}

/** The journal's native protocol: what has several lines goes with its length. */
function bytesOf(entry: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(entry).map(([name, value]) => {
    if (!value.includes("\n")) return Buffer.from(`${name}=${value}\n`);
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([
      ...[Buffer.from(`${name}\n`), length, bytes],
      Buffer.from("\n"),
    ]);
  });
  return Buffer.concat(parts);
}
