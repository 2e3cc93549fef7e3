import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { Handshakes } from "../../agent/sensors/handshakes.js";
import { readSource } from "../../agent/sensors/source.js";
import { ManualClock, until } from "../support/time/clock.js";

/** What is asked of the kernel is read only, and all of it is on loopback. */
describe("who completed a handshake", () => {
  let servers: Server[];
  let ports: number[];
  let clock: ManualClock;
  let handshakes: Handshakes;

  beforeEach(async () => {
    servers = await Promise.all([serve(), serve(), serve()]);
    ports = servers.map((it) => (it.address() as AddressInfo).port);
    clock = new ManualClock();
    handshakes = await Handshakes.open({
      ...{ ports: ports.slice(0, 2), translators: [], clock },
      keepMs: () => 600_000,
    });
    handshakes.listen();
  });
  afterEach(() => {
    handshakes[Symbol.dispose]();
    for (const it of servers) it.close();
  });

  async function serve(): Promise<Server> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined).resume();
    });
    await once(server.listen(0, "::"), "listening");
    return server;
  }

  const saw = (address: string) => handshakes.saw(readSource(address)!);

  /** Asks as often as it takes; looks are spared for a while after each other. */
  const seen = (address: string) =>
    until(`${address} is seen`, async () => {
      await clock.advance(1_000);
      return saw(address);
    });

  async function call(port: number, localAddress: string): Promise<void> {
    const host = localAddress.includes(":") ? "::1" : "127.0.0.1";
    const socket = connect({ port, host, localAddress });
    await once(socket, "connect");
    socket.destroy();
    await once(socket, "close");
  }

  it("is known while the connection is open", async () => {
    const host = "127.0.0.1";
    const socket = connect({
      port: ports[0]!,
      host,
      localAddress: "127.0.0.9",
    });
    await once(socket, "connect");
    await seen("127.0.0.9");
    expect(saw("127.0.0.8")).toBe(false);
    socket.destroy();
  });

  it("is known after the shortest connection, on each of the ports", async () => {
    await call(ports[0]!, "127.0.0.9");
    await call(ports[1]!, "127.0.0.10");
    await systemClock.sleep(50);
    await seen("127.0.0.9");
    await seen("127.0.0.10");
    expect(saw("127.0.0.8")).toBe(false);
  });

  it("does not count on any other port, nor from a port to elsewhere", async () => {
    await call(ports[2]!, "127.0.0.9");
    await call(ports[0]!, "127.0.0.10");
    await seen("127.0.0.10");
    expect(saw("127.0.0.9")).toBe(false);
  });

  it("does not count as long as it is not complete", async () => {
    const [server] = servers;
    server!.close();
    const refused = connect({
      ...{ port: ports[0]!, host: "127.0.0.1", localAddress: "127.0.0.9" },
    });
    await once(refused, "error");
    await call(ports[1]!, "127.0.0.10");
    await seen("127.0.0.10");
    expect(saw("127.0.0.9")).toBe(false);
  });

  it("is forgotten after the time", async () => {
    await call(ports[0]!, "127.0.0.9");
    await seen("127.0.0.9");
    await clock.advance(599_000);
    expect(saw("127.0.0.9")).toBe(true);
    await clock.advance(2_000);
    expect(saw("127.0.0.9")).toBe(false);
  });

  it("is a number, for who asks how many there were", async () => {
    expect(handshakes.begun()).toBe(0);
    for (let i = 0; i < 5; i++) await call(ports[0]!, "127.0.0.9");
    let begun = 0;
    await until("five", () => {
      begun += handshakes.begun();
      return begun >= 5;
    });
    await systemClock.sleep(50);
    expect(begun + handshakes.begun()).toBe(5);
    expect(handshakes.isServed()).toBe(true);
  });
});
