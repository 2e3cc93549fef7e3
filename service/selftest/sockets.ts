import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { parseCidr } from "../../agent/model/cidr.js";

/** How many TCP sockets of this namespace are ESTABLISHED with an address. */
export async function established(address: string): Promise<number> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) =>
      readFile(`/proc/self/net/${name}`, "utf8").catch(() => ""),
    ),
  );
  return establishedIn(tables.join("\n"), address);
}

/** The same, from the text of /proc/net/tcp and tcp6. */
export function establishedIn(text: string, address: string): number {
  const remotes = new Set(spellings(address));
  return text.split("\n").filter((line) => {
    const [, , remote = "", state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && remotes.has(remote.split(":")[0] ?? "");
  }).length;
}

/** An IPv4 address may be that of a socket for both families. */
function spellings(address: string): readonly string[] {
  const bytes = parseCidr(address).address;
  if (bytes.length === 16) return [hex(bytes)];
  return [hex(bytes), hex(Uint8Array.of(...MAPPED, ...bytes))];
}

/** The kernel prints addresses as numbers of 32 bits, as they lie in memory. */
function hex(bytes: Uint8Array): string {
  const words = Buffer.from(bytes);
  if (endianness() === "LE") words.swap32();
  return words.toString("hex").toUpperCase();
}

const ESTABLISHED = "01";
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
