import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { WebSocketServer, type WebSocket } from "ws";
import type { Identity } from "../../../agent/config/identity.js";
import { beatBytes, encodeBeat } from "../../../agent/protocol/beat.js";
import type { Head } from "../../../agent/protocol/documents.js";
import type { FeedPlan } from "../../../agent/protocol/messages.js";
import type {
  ProtocolVersion,
  SignedText,
} from "../../../agent/protocol/signed-text.js";
import {
  wire1,
  wire2,
  type FromAgent,
  type FromCloud,
  type Wire,
} from "../../../agent/protocol/wire.js";
import { fingerprintOf } from "../../../agent/trust/root.js";
import { signerOf, signText } from "../../../agent/trust/sign.js";
import { until } from "../time/clock.js";
import type { FakeFeed } from "./fake-feed.js";
import {
  keys,
  rootDocument,
  signRoot,
  token,
  type KeyName,
} from "../vectors.js";

export { FakeFeed } from "./fake-feed.js";

/** What the test agent trusts at first; good for longer than any test is run. */
export const root = signRoot({
  ...rootDocument(),
  expiresAt: Date.UTC(2200, 0, 1),
});

/** What the test agent was enrolled with. */
export const identityFor = (url: string): Identity => ({
  version: 1,
  agent: "agent-1",
  org: "acme",
  key: keys.device.id,
  cloud: "test-cloud",
  url,
  rootFingerprint: fingerprintOf(root),
  root,
});

/** Where a cloud that is not on loopback is reached, and by what certificate. */
export interface Abroad {
  readonly address: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A cloud that does what a test tells it, and nothing by itself. */
export class FakeCloud implements AsyncDisposable {
  /** Answers what is not a WebSocket; 404 unless a test sets it. */
  serve: RequestListener = (_request, response) =>
    response.writeHead(404).end();
  /** Every connection so far, the newest last. */
  readonly links: FakeLink[] = [];
  readonly #http: Server;
  readonly #abroad: Abroad | undefined;
  readonly #taken = { links: 0 };

  private constructor(http: Server, abroad: Abroad | undefined) {
    this.#http = http;
    this.#abroad = abroad;
  }

  /** Of version 1 it says nothing of a newer one, unless a test has it do so. */
  static async start(
    port = 0,
    abroad?: Abroad,
    protocol: ProtocolVersion = 1,
  ): Promise<FakeCloud> {
    const wire = protocol === 1 ? wire1 : wire2;
    const answer: RequestListener = (request, response) =>
      cloud.serve(request, response);
    const http = abroad
      ? createTlsServer(abroad, answer)
      : createServer(answer);
    const cloud = new FakeCloud(http, abroad);
    const sockets = new WebSocketServer({
      server: http,
      handleProtocols: (offered) =>
        offered.has(wire.subprotocol) && wire.subprotocol,
    });
    sockets.on("connection", (socket) =>
      cloud.links.push(new FakeLink(socket, wire)),
    );
    const address = abroad?.address ?? "127.0.0.1";
    await new Promise<void>((done) => http.listen(port, address, done));
    return cloud;
  }

  get port(): number {
    return (this.#http.address() as { port: number }).port;
  }

  get url(): string {
    const abroad = this.#abroad;
    if (abroad) return `https://${abroad.address}:${this.port}`;
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next connection, however long ago it came. */
  async link(): Promise<FakeLink> {
    const number = this.#taken.links++;
    await until("a connection", () => this.links.length > number);
    return this.links[number]!;
  }

  /** The next connection, once both sides have introduced themselves. */
  async welcomed(
    plans: FeedPlan[] = [],
    heartbeatMs = 30_000,
    newestRoot = 1,
  ): Promise<FakeLink> {
    const link = await this.link();
    await link.welcome(plans, heartbeatMs, newestRoot);
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.links) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((done) => this.#http.close(done));
  }
}

/** The cloud's end of one connection. */
export class FakeLink {
  readonly #heard: FromAgent[] = [];
  closeCode: number | undefined;

  constructor(
    readonly socket: WebSocket,
    readonly wire: Wire,
  ) {
    socket.on("message", (data: Buffer) =>
      this.#heard.push(wire.fromAgent(data.toString("utf8"))),
    );
    socket.on("close", (code) => (this.closeCode = code));
    socket.on("error", () => undefined);
  }

  say(message: FromCloud): void {
    this.socket.send(this.wire.write(message));
  }

  push(...segments: readonly Uint8Array[]): void {
    for (const bytes of segments) this.socket.send(bytes);
  }

  /** The agent's next message, which must be of this type. */
  async next<T extends FromAgent["type"]>(
    type: T,
  ): Promise<FromAgent & { readonly type: T }> {
    await until(`a ${type}`, () => this.#heard.length > 0);
    const message = this.#heard.shift()!;
    if (message.type !== type) {
      throw new Error(`expected a ${type}, got ${JSON.stringify(message)}`);
    }
    return message as FromAgent & { readonly type: T };
  }

  /** The next of this type, whatever else the agent says before. */
  async find<T extends FromAgent["type"]>(
    type: T,
  ): Promise<FromAgent & { readonly type: T }> {
    const at = () => this.#heard.findIndex((message) => message.type === type);
    await until(`a ${type}`, () => at() >= 0);
    return this.#heard.splice(at(), 1)[0] as FromAgent & { type: T };
  }

  /** Lets go of all that the agent has said so far. */
  forget(): void {
    this.#heard.length = 0;
  }

  /** What the agent said that no test took up. */
  get untaken(): readonly FromAgent[] {
    return [...this.#heard];
  }

  challenge(cloud = "test-cloud", nonce = token(1)): void {
    const time = Date.now();
    this.say({ type: "challenge", nonce, time, cloud });
  }

  async welcome(
    plans: FeedPlan[],
    heartbeatMs = 30_000,
    newestRoot = 1,
  ): Promise<void> {
    this.challenge();
    await this.next("hello");
    this.sayWelcome(plans, heartbeatMs, newestRoot);
  }

  sayWelcome(
    plans: FeedPlan[],
    heartbeatMs = 30_000,
    root = 1,
    capabilities: readonly string[] = [],
  ): void {
    const who = { agent: "agent-1", org: "acme", session: token(2) };
    this.say(
      this.wire.welcomeOf(
        { type: "welcome", ...who, heartbeatMs, root, plans },
        capabilities,
      ),
    );
  }

  heads(...feeds: readonly FakeFeed[]): void {
    this.sayHeads(feeds.map((feed) => feed.at()));
  }

  /** In the words of the version; of version 2 they are all of the first one's time. */
  sayHeads(heads: readonly Head[], signer: KeyName = "head"): void {
    if (this.wire.version === 2) {
      this.sayState(heads, heads[0]?.time ?? Date.now(), signer);
      return;
    }
    const signed = heads.map((head) => signText("head", head, [keys[signer]]));
    this.say({ type: "heads", heads: signed });
  }

  /** Says where all feeds stand together, and returns what was signed. */
  sayState(
    heads: readonly Head[],
    time: number,
    signer: KeyName = "head",
    more: object = {},
  ): SignedText {
    const feeds = heads.map(({ feed, epoch, offset, hash }) => ({
      ...{ feed, epoch, offset, hash },
    }));
    const document = { type: "state", time, heads: feeds, ...more };
    const state = signText("state", document, [keys[signer]], 2);
    this.say({ type: "state", state });
    return state;
  }

  /** Says that a state is still so. */
  sayBeat(state: SignedText, time: number, signer: KeyName = "head"): Buffer {
    const sign = signerOf([keys[signer]]);
    const signatures = sign(beatBytes(state.signed, time));
    const beat = encodeBeat({ time, signatures });
    this.push(beat);
    return beat;
  }

  async closed(): Promise<number> {
    await until("a closed connection", () => this.closeCode !== undefined);
    return this.closeCode!;
  }
}

/** Serves one file to everybody, from where they ask for it on. */
export function handsOut(content: Uint8Array): RequestListener {
  return ({ headers }, response) => {
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(headers.range ? 206 : 200).end(content.subarray(from));
  };
}
