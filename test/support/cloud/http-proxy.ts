import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy that knows CONNECT, on loopback, and what it was asked for. */
export class HttpProxy implements AsyncDisposable {
  /** Whom it led on, as "host:port", the newest last. */
  readonly led: string[] = [];
  /** What it was asked with, the newest last. */
  readonly asked: IncomingMessage["headers"][] = [];
  /** What it answers CONNECT with; whatever is not 200 leads nowhere. */
  status = 200;
  readonly #sockets = new Set<Socket>();
  readonly #http = createServer((_request, response) => {
    response.writeHead(405).end();
  });

  private constructor() {
    this.#http.on("connection", (socket: Socket) => this.#sockets.add(socket));
    this.#http.on("connect", (request, socket: Socket) => {
      this.asked.push(request.headers);
      this.#answer(request.url ?? "", socket);
    });
  }

  static async start(): Promise<HttpProxy> {
    const proxy = new HttpProxy();
    await new Promise<void>((done) => proxy.#http.listen(0, "127.0.0.1", done));
    return proxy;
  }

  get url(): URL {
    const { port } = this.#http.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}`);
  }

  #answer(authority: string, socket: Socket): void {
    socket.on("error", () => undefined);
    if (this.status !== 200) {
      socket.end(`HTTP/1.1 ${this.status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${authority}`);
    const beyond = connect({ host: hostname, port: Number(port || 80) }, () => {
      this.led.push(authority);
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(beyond).pipe(socket);
    });
    this.#sockets.add(beyond);
    beyond.on("error", () => socket.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#http.close(done));
  }
}
