import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { isIP, type AddressInfo, type Socket } from "node:net";
import {
  HANDSHAKE_MS,
  IDLE_MS,
  LOOK_EVERY_MS,
  MOST_HEAD_BYTES,
  MOST_REQUESTS,
} from "./door/budgets.js";

/** Where to listen, and as whom. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Undefined for plain HTTP, which is for loopback alone. */
  readonly tls: undefined | Tls;
}

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Tls extends Certificate {
  /** Where they were read, and are read again when they change there. */
  readonly files?: { readonly cert: string; readonly key: string };
}

/** Secrets would cross the network for everybody to read. */
export class PlaintextRefused extends Error {
  override readonly name = "PlaintextRefused";

  constructor(readonly host: string) {
    super(
      `listen "${host}" is not a loopback address: it needs --tls-cert and --tls-key`,
    );
  }
}

/** An HTTP server whose door opens once its handlers stand. */
export interface OpenServer extends AsyncDisposable {
  readonly http: http.Server;
  /**
   * New connections are shown this certificate from now on.
   * @throws what OpenSSL says of one that does not fit its key
   */
  renew(certificate: Certificate): void;
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no new connections; those that are open go on. */
  stopListening(): void;
}

/** @throws PlaintextRefused */
export function openServer(options: ListenOptions): OpenServer {
  const { host, port, tls } = options;
  const server = makeServer(options);
  server.maxRequestsPerSocket = MOST_REQUESTS;
  const sockets = socketsOf(server);
  return {
    http: server,
    renew: (certificate) => {
      if (server instanceof https.Server) server.setSecureContext(certificate);
    },
    listen: async () => {
      server.listen(port, host);
      await once(server, "listening");
      const { port: actual } = server.address() as AddressInfo;
      const name = isIP(host) === 6 ? `[${host}]` : host;
      const url = `${tls ? "https" : "http"}://${name}:${actual}`;
      return { url, port: actual };
    },
    stopListening: () => void server.close(),
    [Symbol.asyncDispose]: () => closed(server, sockets),
  };
}

/** Time for those who are upgraded to say goodbye. */
const GRACE_MS = 2_500;

/** Upgraded sockets among them: the server itself knows those no longer. */
function socketsOf(server: http.Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => void sockets.delete(socket));
  });
  return sockets;
}

function makeServer({ host, tls }: ListenOptions): http.Server {
  if (tls !== undefined) {
    const { cert, key } = tls;
    const handshakeTimeout = HANDSHAKE_MS;
    return https.createServer({ cert, key, handshakeTimeout, ...PATIENCE });
  }
  if (!isLoopback(host)) throw new PlaintextRefused(host);
  return http.createServer(PATIENCE);
}

/** How long a request may take to come; who is slow makes nobody wait. */
const PATIENCE = {
  headersTimeout: HANDSHAKE_MS,
  keepAliveTimeout: IDLE_MS,
  connectionsCheckingInterval: LOOK_EVERY_MS,
  maxHeaderSize: MOST_HEAD_BYTES,
};

export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

async function closed(
  server: http.Server,
  sockets: ReadonlySet<Socket>,
): Promise<void> {
  server.close();
  server.closeAllConnections();
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, GRACE_MS);
  await Promise.all([...sockets].map(gone));
  clearTimeout(cut);
}

const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.once("close", () => resolve()));
