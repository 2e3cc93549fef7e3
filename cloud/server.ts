import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { isIP, type AddressInfo, type Socket } from "node:net";

/** Where to listen, and as whom. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** PEM texts; undefined for plain HTTP, which is for loopback alone. */
  readonly tls: undefined | { readonly cert: string; readonly key: string };
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
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no new connections; those that are open go on. */
  stopListening(): void;
}

/** @throws PlaintextRefused */
export function openServer(options: ListenOptions): OpenServer {
  const { host, port, tls } = options;
  const server = makeServer(options);
  server.maxConnections = MOST_CONNECTIONS;
  const sockets = socketsOf(server);
  return {
    http: server,
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

/** One for each agent, and as much again for what they fetch. */
const MOST_CONNECTIONS = 32_768;

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
  if (tls !== undefined) return https.createServer({ ...tls });
  if (!isLoopback(host)) throw new PlaintextRefused(host);
  return http.createServer();
}

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
