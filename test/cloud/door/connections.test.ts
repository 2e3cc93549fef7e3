import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "@jest/globals";
import {
  Connections,
  type ConnectionDrop,
} from "../../../cloud/door/connections.js";
import { openServer } from "../../../cloud/server.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

describe("a connection", () => {
  it.each(["HTTP", "HTTPS"])(
    "over %s lasts while it works for somebody who is known, and others some seconds",
    async (kind) => {
      await using door = await Door.open({ tls: kind === "HTTPS" });
      const busy = await door.asking();
      const idle = await door.connected();
      const [request] = await door.requests(1);
      const engaged = door.connections.engage(request!.socket);
      await door.clock.advance(60_000);
      await until("the idle one gone", () => idle.destroyed);
      expect(busy.destroyed).toBe(false);
      expect(door.connections.counts()).toEqual({ open: 1, strangers: 0 });

      engaged[Symbol.dispose]();
      expect(door.connections.counts()).toEqual({ open: 1, strangers: 1 });
      await door.clock.advance(60_000);
      await until("it is gone as well", () => busy.destroyed);
      expect(door.dropped).toEqual([
        "strangers-too-long",
        "strangers-too-long",
      ]);
    },
  );

  it("of a newcomer is taken when all are, as long as a stranger is there", async () => {
    await using door = await Door.open({ most: 40 });
    const agents: Socket[] = [];
    while (agents.length < 36) {
      agents.push(await door.asking());
      const request = (await door.requests(agents.length)).at(-1);
      door.connections.engage(request!.socket);
    }
    const strangers: Socket[] = [];
    for (let i = 0; i < 10; i++) strangers.push(await door.connected());
    await until("a crowd that has thinned", () => {
      return strangers.filter(({ destroyed }) => !destroyed).length <= 4;
    });
    expect(strangers.at(-1)?.destroyed).toBe(false);
    expect(agents.some(({ destroyed }) => destroyed)).toBe(false);
  });

  it("that comes too fast is not taken", async () => {
    await using door = await Door.open({ admits: 3 });
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => door.connected()));
    await until("two refused", () => {
      return all.filter(({ destroyed }) => destroyed).length === 2;
    });
    expect(door.dropped).toEqual([
      "connections-too-fast",
      "connections-too-fast",
    ]);
  });
});

/** A public door on loopback, and what came through it. */
class Door implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly dropped: ConnectionDrop[] = [];
  readonly #requests: IncomingMessage[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(
    private readonly server: ReturnType<typeof openServer>,
    private readonly port: number,
    private readonly tls: boolean,
    options: { readonly most?: number; readonly admits?: number },
  ) {
    let left = options.admits ?? Infinity;
    this.connections = new Connections(server.http, {
      ...{ clock: this.clock, most: options.most ?? 1_000 },
      admit: () => left-- > 0,
      dropped: (why) => void this.dropped.push(why),
    });
    server.http.on("request", (request) => this.#requests.push(request));
  }

  readonly connections: Connections;

  static async open(options: {
    readonly tls?: boolean;
    readonly most?: number;
    readonly admits?: number;
  }): Promise<Door> {
    using folder = temporaryFolder();
    const made = options.tls
      ? await makeCertificate(folder.path, "127.0.0.1")
      : undefined;
    const tls = made && {
      cert: readFileSync(made.cert, "utf8"),
      key: readFileSync(made.key, "utf8"),
    };
    const server = openServer({ host: "127.0.0.1", port: 0, tls });
    const { port } = await server.listen();
    return new Door(server, port, tls !== undefined, options);
  }

  /** A connection that says nothing, not even TLS. */
  async connected(): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1");
    return this.#kept(socket, "connect");
  }

  /** One that has asked something, and waits for its answer. */
  async asking(): Promise<Socket> {
    const where = { host: "127.0.0.1", port: this.port };
    const socket = this.tls
      ? connectTls({ ...where, rejectUnauthorized: false })
      : connect(where);
    await this.#kept(socket, this.tls ? "secureConnect" : "connect");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return socket;
  }

  async requests(count: number): Promise<readonly IncomingMessage[]> {
    await until("requests", () => this.#requests.length >= count);
    return this.#requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.connections[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }

  async #kept(socket: Socket, event: string): Promise<Socket> {
    this.#sockets.push(socket);
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, event);
    return socket;
  }
}
