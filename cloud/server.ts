import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { isIP, type AddressInfo } from "node:net";

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
}

/** @throws PlaintextRefused */
export function openServer(options: ListenOptions): OpenServer {
  const { host, port, tls } = options;
  const server = makeServer(options);
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
    [Symbol.asyncDispose]: () => closed(server),
  };
}

function makeServer({ host, tls }: ListenOptions): http.Server {
  if (tls !== undefined) return https.createServer({ ...tls });
  if (!isLoopback(host)) throw new PlaintextRefused(host);
  return http.createServer();
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

function closed(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
