import type { Caller } from "../model/contact.js";
import { placeOfPath, type Place } from "./cgroup-path.js";
import type { ControlGroups } from "./control-groups.js";
import type { Outgoing } from "./outgoing.js";
import type { Processes } from "./processes.js";
import { socketIn } from "./socket-table.js";

/** A socket as the kernel describes it to whoever asks for its ends. */
export interface FoundSocket {
  readonly uid: number;
  /** 0 when no process holds it any more. */
  readonly inode: number;
  /** Number of its control group; undefined where the kernel does not say. */
  readonly group: bigint | undefined;
}

export interface CallerPorts {
  readonly processes: Processes;
  readonly groups: ControlGroups;
  /** Processes to look into before all others. */
  readonly likely: readonly number[];
}

/**
 * Who sent a packet. The socket tells its inode, which a process holds, and its
 * control group, which needs no rights to be read: so a unit or a container is
 * known even where processes may not be looked into.
 */
export async function callerOf(
  outgoing: Outgoing,
  socket: FoundSocket | undefined,
  ports: CallerPorts,
): Promise<Caller> {
  const { processes, groups, likely } = ports;
  if (outgoing.forwarded) return behind(outgoing, ports);
  const uid = socket?.uid ?? outgoing.uid;
  if (socket === undefined) return { ...NOBODY, uid };
  const path =
    socket.group === undefined ? undefined : await groups.pathOf(socket.group);
  const members =
    path === undefined || path === "/" ? [] : groups.membersOf(path);
  const holder =
    socket.inode === 0
      ? undefined
      : await processes.holderOf(socket.inode, [...likely, ...members]);
  const pid = holder ?? onlyOneOf(members, { uid, processes });
  return {
    uid,
    process: pid === undefined ? undefined : processes.describe(pid),
    ...placeOf(pid, { path, processes }),
  };
}

/** Without rights: the one process that it can be, or one of several alike. */
function onlyOneOf(
  members: readonly number[],
  { uid, processes }: { uid: number | undefined; processes: Processes },
): number | undefined {
  if (uid === undefined) return undefined;
  const candidates = members.filter((pid) => processes.uidOf(pid) === uid);
  const names = new Set(candidates.map((pid) => processes.describe(pid)?.name));
  return names.size === 1 ? candidates[0] : undefined;
}

function placeOf(
  pid: number | undefined,
  { path, processes }: { path: string | undefined; processes: Processes },
): Place {
  const ofProcess = pid === undefined ? undefined : processes.placeOf(pid);
  const ofSocket = placeOfPath(path ?? "");
  return {
    ...(ofProcess?.unit === undefined ? unitOf(ofSocket) : unitOf(ofProcess)),
    container: ofProcess?.container ?? ofSocket.container,
  };
}

const unitOf = ({ unit, ofUser }: Place) => ({ unit, ofUser });

/**
 * Who behind this host: the container in whose network the packet's source is.
 * One process a container is asked for the sockets of that network.
 */
async function behind(
  outgoing: Outgoing,
  { processes, groups }: CallerPorts,
): Promise<Caller> {
  const tables = TABLES.get(`${outgoing.protocol}/${outgoing.family}`) ?? [];
  const asked = new Set<string>();
  for (const path of await groups.all()) {
    const place = placeOfPath(path);
    if (place.container === undefined || asked.has(place.container)) continue;
    const [pid] = groups.membersOf(path);
    if (pid === undefined || asked.size >= MOST_CONTAINERS) continue;
    asked.add(place.container);
    for (const table of tables) {
      const text = processes.socketsOf(pid, table);
      const socket = text && socketIn(text, outgoing);
      if (!socket) continue;
      const holder = await processes.holderOf(
        socket.inode,
        groups.membersOf(path),
      );
      const process =
        holder === undefined ? undefined : processes.describe(holder);
      return { uid: socket.uid, process, ...place };
    }
  }
  return NOBODY;
}

const NOBODY: Caller = {
  uid: undefined,
  process: undefined,
  unit: undefined,
  ofUser: false,
  container: undefined,
};

const TABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ["6/4", ["tcp", "tcp6"]],
  ["6/6", ["tcp6"]],
  ["17/4", ["udp", "udp6"]],
  ["17/6", ["udp6"]],
]);

const MOST_CONTAINERS = 256;
