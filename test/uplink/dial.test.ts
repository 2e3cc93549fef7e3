import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { WebSocketServer } from "ws";
import { systemClock } from "../../agent/runtime/clock.js";
import { dial } from "../../agent/uplink/dial.js";
import {
  CloudUnreachable,
  HandshakeRefused,
} from "../../agent/uplink/errors.js";

describe("dialing", () => {
  let server: (AsyncDisposable & { readonly port: number }) | undefined;
  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  });

  const dialed = (port: number) =>
    dial(
      {
        url: new URL(`ws://127.0.0.1:${port}/v1/agent`),
        way: { ca: undefined, proxy: undefined },
        handshakeMs: 100,
        clock: systemClock,
      },
      new AbortController().signal,
    );

  it.each([
    ["30", 30_000],
    ["999999", 120_000],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["-1", undefined],
  ])("hears when to come back: Retry-After %s", async (value, ms) => {
    server = await listen(
      createServer((_request, response) =>
        response.writeHead(503, { "retry-after": value }).end(),
      ),
    );
    await expect(dialed(server.port)).rejects.toEqual(
      new HandshakeRefused(503, ms),
    );
  });

  it("refuses a server that does not speak its protocol", async () => {
    const http = createServer();
    new WebSocketServer({ server: http, handleProtocols: () => false });
    server = await listen(http);
    await expect(dialed(server.port)).rejects.toThrow(
      "cannot connect to the cloud: Server sent no subprotocol",
    );
  });

  it("gives up on a server whose answer drips in", async () => {
    const drips = createTcpServer((socket) => {
      const timer = setInterval(() => socket.write("H"), 20);
      socket.on("close", () => clearInterval(timer));
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nX: ");
    });
    server = await listen(drips);
    await expect(dialed(server.port)).rejects.toThrow(CloudUnreachable);
  });

  it("gives up on a server that accepts and says nothing", async () => {
    server = await listen(createTcpServer());
    await expect(dialed(server.port)).rejects.toThrow(CloudUnreachable);
  });

  it("gives up where nobody listens", async () => {
    await expect(dialed(1)).rejects.toThrow(CloudUnreachable);
  });
});

async function listen(server: Server | ReturnType<typeof createTcpServer>) {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket: { destroy(): void }) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
