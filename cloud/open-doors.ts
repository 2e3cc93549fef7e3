import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { asProblem, makeApp, type Which } from "./api/app.js";
import { liveDoor } from "./api/live/live-door.js";
import { acceptStreams } from "./api/live/listen.js";
import { Streams, type StreamsPorts } from "./api/live/streams.js";
import type { ApiPorts } from "./api/ports.js";
import type { DoorName } from "./api/requests.js";
import { watchCertificate } from "./certificate.js";
import { readConsole } from "./console/console-files.js";
import { consoleRoutes } from "./console/console-routes.js";
import { openOperatorsDoor } from "./door/operators-door.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Certificate, ListenOptions, OpenServer } from "./server.js";

/** The public door, and the operators' own, which strangers cannot come to. */
export async function openDoors(
  { config, ports, server, opened }: Doors,
  api: ApiPorts,
  here: { url: string },
): Promise<{ readonly url: string; readonly port: number }> {
  const { dir, listen, operatorsOnPublic: operators } = config;
  const pages = consoleRoutes(await readConsole());
  const listenerOf = (which: Which) => {
    const app = makeApp(api, which);
    if (which.operators && which.door === "public") app.route("/", pages);
    const answer = getRequestListener(app.fetch);
    return (...exchange: Parameters<typeof answer>) => void answer(...exchange);
  };
  server.http.on("request", listenerOf({ operators, door: "public" }));
  const told = (error: unknown) => asProblem(error, ports.log);
  const streams = opened.own(new Streams(liveOf(api)));
  const hearLive = (at: Server, door: DoorName) =>
    opened.own(
      acceptStreams(at, liveDoor(streams, { ...api, door, asProblem: told })),
    );
  if (operators) hearLive(server.http, "public");
  if (listen.tls !== undefined) {
    const renew = (certificate: Certificate) => server.renew(certificate);
    opened.own(watchCertificate(listen.tls, { ...ports, renew }));
  }
  try {
    const own = listenerOf({ operators: true, door: "own" });
    const door = opened.own(await openOperatorsDoor(dir, own));
    hearLive(door.http, "own");
  } catch (error) {
    if (!operators) throw error;
    const what = "operators have no door of their own, only the public one";
    ports.log.error(what, { dir, error });
  }
  const { url, port } = await server.listen();
  if (config.publicUrl === undefined) here.url = url;
  return { url, port };
}

const liveOf = (api: ApiPorts): StreamsPorts => ({
  ...api,
  again: (caller) => api.signIn.again(caller),
});

interface Doors {
  readonly config: DoorsConfig;
  readonly ports: { readonly clock: Clock; readonly log: Logger };
  readonly server: OpenServer;
  readonly opened: Lifetime;
}

interface DoorsConfig {
  readonly dir: string;
  readonly listen: ListenOptions;
  /** What enrolment tokens name; undefined for where the cloud listens. */
  readonly publicUrl: undefined | string;
  readonly operatorsOnPublic: boolean;
}
