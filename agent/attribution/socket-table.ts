import { endianness } from "node:os";

/** The ends of a connection, or of what was sent to somebody. */
export interface Flow {
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly port: number;
}

/** A socket as `/proc/PID/net/tcp` and its like list it. */
export interface ListedSocket {
  readonly uid: number;
  readonly inode: number;
}

/**
 * Finds the socket of a flow in a table: the connected one, or else the one
 * that is bound to the port and sends to everybody.
 */
export function socketIn(text: string, flow: Flow): ListedSocket | undefined {
  const local = `:${hexPort(flow.localPort)}`;
  const own = endsIn(flow.local, local);
  const other = endsIn(flow.remote, `:${hexPort(flow.port)}`);
  let unconnected: ListedSocket | undefined;
  for (const line of text.split("\n", MOST_LINES)) {
    const fields = line.trim().split(/\s+/, 10);
    const [, here, there, , , , , uid, , inode] = fields;
    if (here === undefined || there === undefined) continue;
    const found = { uid: Number(uid), inode: Number(inode) };
    if (own.includes(here) && other.includes(there)) return found;
    const isOpen = /^0+:0000$/.test(there);
    if (isOpen && here.endsWith(local)) unconnected ??= found;
  }
  return unconnected;
}

/** Sockets of IPv6 that speak IPv4 are listed by mapped addresses. */
function endsIn(address: Uint8Array, port: string): readonly string[] {
  const forms = address.length === 4 ? [address, mapped(address)] : [address];
  return forms.map((form) => `${hexAddress(form)}${port}`);
}

const mapped = (address: Uint8Array): Uint8Array =>
  Uint8Array.of(...Array<number>(10).fill(0), 0xff, 0xff, ...address);

/** The kernel prints addresses as words of the host's byte order. */
function hexAddress(address: Uint8Array): string {
  const bytes = Buffer.from(address);
  if (endianness() === "LE") bytes.swap32();
  return bytes.toString("hex").toUpperCase();
}

const hexPort = (port: number): string =>
  port.toString(16).toUpperCase().padStart(4, "0");

/** Some 15 MB of text, which only a very busy container has. */
const MOST_LINES = 100_000;
