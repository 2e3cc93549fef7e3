import type { LoggedPackets } from "../model/logged-packets.js";
import { AF_INET, AF_INET6, NETLINK_SOCK_DIAG } from "../netlink/constants.js";
import { NetlinkError } from "../netlink/error.js";
import { localPortIn } from "../netlink/inet-filter.js";
import { hearPackets } from "../netlink/nflog/packet-log.js";
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  listSockets,
  STATE,
} from "../netlink/sock-diag.js";
import { askForOwner, ownerIn } from "../netlink/socket-owner.js";
import { NetlinkSocket, type Fill } from "../netlink/socket.js";
import type { Clock } from "../runtime/clock.js";
import { loadLibc } from "../runtime/libc.js";
import { Lifetime } from "../runtime/lifetime.js";
import { Attribution, type ContactList } from "./attribution.js";
import type { FoundSocket } from "./caller.js";
import type { Remembered } from "./contacts.js";
import { ControlGroups } from "./control-groups.js";
import type { Outgoing } from "./outgoing.js";
import { Processes } from "./processes.js";

export interface WatchPorts {
  /** What the enforcer's rules tell of. */
  readonly told: LoggedPackets;
  readonly clock: Clock;
  /** Whether this host has an address. */
  isOwn(address: Uint8Array): boolean;
  contacted(contact: Remembered): void;
  failed(why: unknown): void;
}

/** Who on this host contacts banned addresses. */
export interface ContactWatch extends AsyncDisposable {
  contacts(): ContactList;
}

/**
 * Listens to what the rules tell of packets that go out, until disposed.
 * @throws LibcError where the kernel lacks what it takes
 */
export async function watchContacts(ports: WatchPorts): Promise<ContactWatch> {
  const { told, clock } = ports;
  const libc = await loadLibc();
  await using opened = new Lifetime();
  const sockets = opened.own(new NetlinkSocket(libc, NETLINK_SOCK_DIAG));
  const attribution = opened.own(
    new Attribution({
      clock,
      processes: new Processes(),
      groups: new ControlGroups(clock),
      socketOf: (outgoing) => socketOf(sockets, outgoing),
      serves: (outgoing) => serves(sockets, outgoing),
      isOwn: (address) => ports.isOwn(address),
      contacted: (contact) => ports.contacted(contact),
      failed: (why) => ports.failed(why),
    }),
  );
  opened.own(
    hearPackets(
      libc,
      { group: told.group, mostBytes: told.bytes },
      {
        packet: (packet) => attribution.hear(packet),
        overrun: () => attribution.overrun(),
        deaf: (why) => ports.failed(why),
      },
    ),
  );
  const lifetime = opened.release();
  return {
    contacts: () => attribution.contacts(),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** The kernel knows the sockets of TCP and UDP by their ends. */
function socketOf(
  sockets: NetlinkSocket,
  { protocol, local, localPort, remote, port }: Outgoing,
): FoundSocket | undefined {
  if (!LISTED.has(protocol)) return undefined;
  const ends = { protocol, local, localPort, remote, remotePort: port };
  const [answer] = sockets.exchange("find a socket", (w) =>
    askForOwner(w, ends),
  );
  if (answer === undefined) return undefined;
  if (!(answer instanceof NetlinkError)) return ownerIn(answer);
  if (answer.code === "ENOENT") return undefined; // it is closed already
  throw answer;
}

/** Whoever listens at a port answers there, in all that it is sent. */
const serves = (sockets: NetlinkSocket, { localPort }: Outgoing): boolean =>
  [AF_INET, AF_INET6].some((family) => {
    const filter = localPortIn([localPort]);
    const states = [STATE.LISTEN];
    const query = { family, protocol: IPPROTO_TCP, states, filter };
    const ask: Fill = (w) => listSockets(w, query);
    return sockets.list("find who listens", ask, () => [true]).length > 0;
  });

const LISTED = new Set([IPPROTO_TCP, IPPROTO_UDP]);
