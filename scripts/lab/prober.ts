import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** One attempt to reach somebody. */
export interface Attempt {
  readonly protocol: "tcp" | "udp";
  readonly from?: string;
  readonly to: string;
  readonly port: number;
  /** Length of the datagram. */
  readonly bytes?: number;
}

/** Packets between two namespaces take microseconds: silence means dropped. */
const PATIENCE_MS = 250;

/** Whether an answer comes back: a connection, or the echo of a datagram. */
export function reaches(attempt: Attempt): Promise<boolean> {
  return attempt.protocol === "tcp" ? connects(attempt) : echoes(attempt);
}

function connects({ from, to, port }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: to, port, ...(from && { localAddress: from }) };
    const socket = connect(options);
    const settle = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(PATIENCE_MS, () => settle(false));
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}

function echoes({ from, to, port, bytes = 14 }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(to.includes(":") ? "udp6" : "udp4");
    const settle = (reached: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(reached);
    };
    const timer = setTimeout(() => settle(false), PATIENCE_MS);
    socket.on("message", () => settle(true));
    socket.on("error", () => settle(false));
    socket.bind({ ...(from && { address: from }) }, () => {
      socket.send(Buffer.alloc(bytes), port, to, (error) => {
        if (error) settle(false);
      });
    });
  });
}

/** Accepts connections and echoes datagrams, on every address. */
export async function serve(port: number): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.resume();
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((done) => tcp.listen(port, "::", done));
  const udp4 = createSocket("udp4");
  const udp6 = createSocket({ type: "udp6", ipv6Only: true });
  for (const udp of [udp4, udp6]) {
    udp.on("message", (data, { port: back, address }) =>
      udp.send(data, back, address, () => undefined),
    );
    await new Promise<void>((done) => udp.bind(port, () => done()));
  }
  return {
    async [Symbol.asyncDispose]() {
      udp4.close();
      udp6.close();
      // The other end may be in a namespace that is gone: it never says goodbye.
      for (const socket of open) socket.destroy();
      await new Promise((done) => tcp.close(done));
    },
  };
}

/** In another namespace: serves on a port, and attempts what it is told to. */
async function answer(): Promise<void> {
  await serve(Number(process.argv[3]));
  console.log("ready");
  for await (const line of createInterface(process.stdin)) {
    console.log(String(await reaches(JSON.parse(line) as Attempt)));
  }
  process.exit();
}

if (process.argv[2] === "as-prober") await answer();
