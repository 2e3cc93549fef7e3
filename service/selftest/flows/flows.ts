import type { Family } from "../../../agent/model/cidr.js";
import {
  ADDRESSES,
  PUBLISHED,
  TCP_PORTS,
  UDP_PORT,
} from "../stage/addresses.js";

/** The ways between a host and somebody whom it has banned. */
export const PATHS = [
  "TCP in",
  "UDP in",
  "container behind DNAT",
  "new egress",
  "open inbound session",
  "open stream to client",
] as const;
export type Path = (typeof PATHS)[number];

/**
 * One kind of traffic on a path. A path has several where a ban may close one
 * and leave another: it is closed when all of them are.
 */
export interface Flow {
  readonly id: string;
  /** Which of the path's. */
  readonly label: string;
  readonly path: Path;
  readonly family: Family;
  readonly kind: FlowKind;
  /** Who begins it. */
  readonly from: "client" | "host";
  readonly to: string;
  readonly port: number;
}

/**
 * A new connection again and again; datagrams; one connection on which who
 * began it writes; or one on which who accepted it writes.
 */
export type FlowKind = "connect" | "datagram" | "session" | "stream";

/** Of new connections and of datagrams: they need no beginning. */
export const isOpened = ({ kind }: Flow): boolean =>
  kind === "session" || kind === "stream";

/** All traffic of a family; `round` tells connections from those before. */
export function flowsOf(family: Family, round: string): readonly Flow[] {
  const { host, client } = ADDRESSES[family];
  const flow = (
    path: Path,
    kind: FlowKind,
    port: number,
    from: Flow["from"] = "client",
  ): Flow => ({
    id: `${path}, IPv${family}, ${NAMES[kind]} ${port}${round}`,
    label: `${NAMES[kind]} ${port}`,
    ...{ path, family, kind, port, from },
    to: from === "client" ? host : client,
  });
  return [
    ...TCP_PORTS.map((port) => flow("TCP in", "connect", port)),
    flow("UDP in", "datagram", UDP_PORT),
    flow("container behind DNAT", "connect", PUBLISHED),
    flow("container behind DNAT", "session", PUBLISHED),
    ...TCP_PORTS.map((port) => flow("new egress", "connect", port, "host")),
    flow("new egress", "datagram", UDP_PORT, "host"),
    ...TCP_PORTS.map((port) => flow("open inbound session", "session", port)),
    ...TCP_PORTS.map((port) => flow("open stream to client", "stream", port)),
  ];
}

const NAMES: Readonly<Record<FlowKind, string>> = {
  connect: "new TCP to port",
  datagram: "UDP to port",
  session: "session with port",
  stream: "stream from port",
};
