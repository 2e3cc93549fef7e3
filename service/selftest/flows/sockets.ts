import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseCidr } from "../../../agent/model/cidr.js";

/**
 * How many TCP sockets of this namespace are, and stay, ESTABLISHED with an
 * address; those of connections that are only tried end before the second look.
 */
export async function established(address: string): Promise<number> {
  const first = new Set(establishedIn(await socketTables(), address));
  await sleep(UNTIL_SECOND_LOOK_MS);
  const second = establishedIn(await socketTables(), address);
  return second.filter((pair) => first.has(pair)).length;
}

async function socketTables(): Promise<string> {
  const tables = ["tcp", "tcp6"].map((name) =>
    readFile(`/proc/self/net/${name}`, "utf8").catch(() => ""),
  );
  return (await Promise.all(tables)).join("\n");
}

/** Both ends of each of them, from the text of /proc/net/tcp and tcp6. */
export function establishedIn(
  text: string,
  address: string,
): readonly string[] {
  const remotes = new Set(spellings(address));
  return text.split("\n").flatMap((line) => {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    const isIt = remotes.has(remote.split(":")[0] ?? "");
    return state === ESTABLISHED && isIt ? [`${local} ${remote}`] : [];
  });
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

/** Longer than the patience with who connects and says nothing. */
const UNTIL_SECOND_LOOK_MS = 300;

const ESTABLISHED = "01";
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
