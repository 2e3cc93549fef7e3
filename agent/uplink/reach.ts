import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { leadOn, proxyName, type Proxy } from "./proxy.js";
import {
  ProxyFailed,
  silentServers,
  Unreachable,
  whyUnreachable,
  type Lasting,
} from "./unreachable.js";

/** How the cloud is reached, beside its URL. */
export interface Way {
  /** PEM of the authorities to trust; undefined for the system's. */
  readonly ca: string | undefined;
  /** Undefined for the direct way. */
  readonly proxy: Proxy | undefined;
}

export interface Patience {
  /** For the name, the connection and TLS together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970: by what this host tells when certificates end. */
  readonly now: number;
}

/**
 * A connection to the host of a URL, with TLS where its scheme asks for it. Every
 * connection to the cloud begins here, so that each failure is told in the same words.
 * @throws Unreachable, or why the signal was aborted
 */
export async function reach(
  to: URL,
  way: Way,
  patience: Patience,
): Promise<Socket> {
  const { signal, timeoutMs } = patience;
  const trying = new Trying(patience.now);
  const timer = setTimeout(() => trying.tooLate(timeoutMs), timeoutMs);
  const stop = () => trying.end(signal?.reason as Error);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    return await trying.through(to, way);
  } catch (error) {
    trying.end(error as Error);
    signal?.throwIfAborted();
    throw trying.told(error as Error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** How far a try has come: what silence means differs by that. */
type Stage = "name" | "connection" | "proxy" | "tls";

class Trying {
  #stage: Stage = "name";
  #socket: Socket | undefined;
  #late: Unreachable | undefined;
  #certificate: Lasting | undefined;
  /** Set while it is the proxy that is being reached. */
  #proxy: Proxy | undefined;

  constructor(readonly now: number) {}

  async through(to: URL, way: Way): Promise<Socket> {
    const { ca, proxy } = way;
    if (proxy === undefined) return this.#open(to, ca);
    this.#proxy = proxy;
    const between = await this.#open(proxy.url, ca);
    this.#stage = "proxy";
    await leadOn(between, `${hostOf(to, true)}:${portOf(to)}`, proxy);
    this.#proxy = undefined;
    return isSecure(to) ? this.#secure(between, to, ca) : between;
  }

  tooLate(ms: number): void {
    const silence = SILENCE[this.#stage](ms);
    this.#late = new Unreachable(silence);
    this.end(this.#late);
  }

  end(why: Error): void {
    this.#socket?.destroy(why);
  }

  told(error: Error): Unreachable {
    const { now } = this;
    const cause = this.#late ?? error;
    const certificate = this.#certificate;
    const why = whyUnreachable(cause, { now, certificate });
    if (this.#proxy === undefined) return new Unreachable(why, { cause });
    const told =
      this.#stage === "proxy"
        ? why
        : `${proxyName(this.#proxy)} cannot be reached: ${why}`;
    return new ProxyFailed(told, { cause });
  }

  async #open(to: URL, ca: string | undefined): Promise<Socket> {
    const host = hostOf(to);
    this.#stage = isIP(host) === 0 ? "name" : "connection";
    const socket = connect({ host, port: portOf(to) });
    socket.once("lookup", (error: Error | null) => {
      if (error === null) this.#stage = "connection";
    });
    await this.#until(socket, "connect");
    return isSecure(to) ? this.#secure(socket, to, ca) : socket;
  }

  async #secure(
    under: Socket,
    to: URL,
    ca: string | undefined,
  ): Promise<Socket> {
    this.#stage = "tls";
    const host = hostOf(to);
    const socket = connectTls({
      socket: under,
      host,
      ALPNProtocols: ["http/1.1"],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
    // Before it is judged, since a certificate that is refused is gone by then.
    socket.prependOnceListener("secure", () => {
      const { valid_from: from, valid_to: until } = socket.getPeerCertificate();
      this.#certificate = { from: Date.parse(from), until: Date.parse(until) };
    });
    await this.#until(socket, "secureConnect");
    return socket;
  }

  /** What fails later, its next owner hears. */
  #until(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.once(event, resolve);
      socket.on("error", reject);
      socket.once("close", () => reject(new Unreachable(CUT_OFF)));
    });
  }
}

const CUT_OFF = "the connection was cut off";

const SILENCE: Readonly<Record<Stage, (ms: number) => string>> = {
  name: () => silentServers(),
  connection: (ms) =>
    `no answer within ${inSeconds(ms)}; is a firewall in between?`,
  proxy: (ms) =>
    `the proxy takes connections, and said nothing for ${inSeconds(ms)}`,
  tls: (ms) => `it takes connections, and said nothing for ${inSeconds(ms)}`,
};

const inSeconds = (ms: number): string => `${ms / 1_000} s`;

const isSecure = ({ protocol }: URL): boolean =>
  protocol === "https:" || protocol === "wss:";

/** An IPv6 literal stands in brackets in a URL. */
const hostOf = ({ hostname }: URL, inBrackets = false): string =>
  inBrackets ? hostname : hostname.replace(/^\[(.*)\]$/, "$1");

const portOf = (url: URL): number =>
  url.port === "" ? (isSecure(url) ? 443 : 80) : Number(url.port);
