import type { Socket } from "node:net";
import { loadLibc } from "../agent/libc.js";
import { SOL_SOCKET } from "../agent/netlink/constants.js";

/**
 * Who is at the other end of a unix socket, as the kernel saw him connect:
 * "uid 0 (pid 4711)", or "unknown" where it can't be asked.
 */
export async function peerOf(socket: Socket): Promise<string> {
  const fd = descriptorOf(socket);
  if (fd === undefined) return UNKNOWN;
  try {
    const libc = await loadLibc();
    const option = { level: SOL_SOCKET, name: SO_PEERCRED };
    const ucred = libc.option(fd, option, UCRED_BYTES);
    const [pid, uid] = [ucred.readInt32LE(0), ucred.readUInt32LE(4)];
    return `uid ${uid} (pid ${pid})`;
  } catch {
    return UNKNOWN;
  }
}

/** Node has it, and no name for it. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as { _handle?: { readonly fd?: unknown } | null };
  const fd = _handle?.fd;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

const UNKNOWN = "unknown";
const SO_PEERCRED = 17;
/** pid, uid and gid, of four bytes each. */
const UCRED_BYTES = 12;
