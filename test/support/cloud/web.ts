import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { parseCidr } from "../../../agent/model/cidr.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import {
  OutgoingDoor,
  type OutgoingPorts,
} from "../../../cloud/outgoing/outgoing-door.js";
import type { Certificate } from "../../../scripts/lab/certificate.js";

export interface Web extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** "GET /path" of all that came. */
  readonly asked: readonly string[];
}

export interface WebOptions {
  readonly address?: string;
  readonly port?: number;
  readonly tls?: Certificate;
}

/** A web server on loopback. */
export async function web(
  listener: RequestListener,
  { address = "127.0.0.1", port = 0, tls }: WebOptions = {},
): Promise<Web> {
  const asked: string[] = [];
  const heard: RequestListener = (request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    response.on("error", () => undefined);
    listener(request, response);
  };
  const server = tls
    ? createTlsServer(
        { cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
        heard,
      )
    : createServer(heard);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(port, address);
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;
  const scheme = tls ? "https" : "http";
  return {
    ...{ asked, port: taken },
    url: `${scheme}://${address}:${taken}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A door that may go to 127.0.0.1, by http too, and to no other special place. */
export function doorTo(
  allow: readonly string[] = ["127.0.0.1"],
  more: Partial<OutgoingPorts> & { readonly caFile?: string } = {},
): OutgoingDoor {
  const { caFile, ...ports } = more;
  const ranges = allow.map(parseCidr);
  return new OutgoingDoor(
    {
      ...{ allow: ranges, plainHttp: ranges, ports: [443] },
      ...(caFile !== undefined && { caFile }),
    },
    { log: silentLogger, clock: systemClock, ...ports },
  );
}
