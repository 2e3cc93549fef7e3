import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { SOL_SOCKET } from "../../agent/netlink/constants.js";
import { loadLibc } from "../../agent/runtime/libc.js";

/**
 * Who is at the other end of a unix socket, as the kernel saw him connect, and
 * as whom he had logged in before he became root: "uid 0 (pid 4711), logged in as
 * alice (uid 1000)", or "unknown" where it can't be asked. The login is the
 * kernel's word as well: no `sudo` changes it, and no user can.
 */
export async function peerOf(socket: Socket): Promise<string> {
  const fd = descriptorOf(socket);
  if (fd === undefined) return UNKNOWN;
  try {
    const libc = await loadLibc();
    const option = { level: SOL_SOCKET, name: SO_PEERCRED };
    const ucred = libc.option(fd, option, UCRED_BYTES);
    const [pid, uid] = [ucred.readInt32LE(0), ucred.readUInt32LE(4)];
    return `uid ${uid} (pid ${pid})${await loginOf(pid)}`;
  } catch {
    return UNKNOWN;
  }
}

/** Services and containers have none. */
async function loginOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/loginuid`, "utf8").catch(() => "");
  const uid = Number(text);
  if (!/^\d+$/.test(text.trim()) || uid === NO_LOGIN) return "";
  const name = await nameOf(uid);
  const who = name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`;
  return `, logged in as ${who}`;
}

/** As this host's own file has it; who is known elsewhere goes by his number. */
async function nameOf(uid: number): Promise<string | undefined> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  for (const line of users.split("\n")) {
    const [name, , number] = line.split(":");
    if (number === String(uid)) return name;
  }
  return undefined;
}

/** Node has it, and no name for it. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as { _handle?: { readonly fd?: unknown } | null };
  const fd = _handle?.fd;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

const UNKNOWN = "unknown";
/** -1, as the kernel shows it. */
const NO_LOGIN = 0xffff_ffff;
const SO_PEERCRED = 17;
/** pid, uid and gid, of four bytes each. */
const UCRED_BYTES = 12;
