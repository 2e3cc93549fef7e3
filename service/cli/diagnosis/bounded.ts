import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import { failed } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";

/** Bytes of one part; what is beyond is cut, and the part says so. */
export const MOST_BYTES = 1024 * 1024;
const PATIENCE_MS = 10_000;

/**
 * What a program prints, at most so much, and for at most ten seconds.
 * @throws Failure that says why there is nothing
 */
export async function printedBy(
  program: string,
  argv: readonly string[],
): Promise<string> {
  const child = spawn(program, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const closed = once(child, "close");
  closed.catch(() => undefined);
  try {
    const [out, complaint] = await Promise.all([
      upTo(MOST_BYTES, child.stdout, () => child.kill()),
      upTo(1_024, child.stderr, () => undefined),
    ]);
    const [code] = (await closed) as [number | null];
    if (out !== "" || code === 0) return out;
    const [why] = complaint.trim().split("\n");
    throw failed(why === "" ? `${program} says nothing` : `${program}: ${why}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw failed(`there is no ${program} here`, error);
    throw failed(messageOf(error), error);
  } finally {
    clearTimeout(timer);
  }
}

async function upTo(
  most: number,
  stream: NodeJS.ReadableStream,
  enough: () => void,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    if (length >= most) continue; // read to its end, so that it can end
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length >= most) enough();
  }
  return cut(Buffer.concat(chunks), most);
}

/** What a file holds, at most so much of it; those of /proc have no size. */
export function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) break;
    }
    return cut(bytes.subarray(0, length), MOST_BYTES);
  } finally {
    closeSync(file);
  }
}

/** At the end of a line, and says so. */
function cut(bytes: Buffer, most: number): string {
  if (bytes.length <= most) return bytes.toString("utf8");
  const end = bytes.subarray(0, most).lastIndexOf(0x0a);
  const kept = bytes.subarray(0, end < 0 ? most : end).toString("utf8");
  return `${kept}\n(cut here, after ${kept.length} characters)\n`;
}
