import { gzipSync } from "node:zlib";

/** A file of an archive. */
export interface Entry {
  /** At most 100 bytes. */
  readonly path: string;
  readonly text: string;
}

/** A tar.gz (POSIX ustar) of files that only their owner may read. */
export function tarGz(entries: readonly Entry[], at: Date): Buffer {
  const blocks = entries.flatMap(({ path, text }) => {
    const content = Buffer.from(text);
    return [headerOf(path, content.length, at), content, paddingOf(content)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

function headerOf(path: string, size: number, at: Date): Buffer {
  const header = Buffer.alloc(BLOCK);
  const seconds = Math.floor(at.getTime() / 1_000);
  header.write(path, 0, 100);
  header.write(octal(0o600, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(seconds, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)} `, 148);
  return header;
}

/** In so many bytes, the last of which is zero. */
const octal = (number: number, width: number): string =>
  `${number.toString(8).padStart(width - 1, "0")}\u0000`;

const paddingOf = ({ length }: Buffer): Buffer =>
  Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);

const BLOCK = 512;
