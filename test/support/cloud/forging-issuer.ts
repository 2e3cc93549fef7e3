import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** An issuer that says in its tokens whatever a test wants, rightly signed or not. */
export class ForgingIssuer implements AsyncDisposable {
  /** What the next token says, besides what is as it should be. */
  claims: Readonly<Record<string, unknown>> = {};
  /** Undefined: its own, which it shows to everybody. */
  signWith: KeyObject | undefined;
  /** "none": unsigned. */
  algorithm = "ES256";
  /** What its metadata says besides what is as it should be. */
  metadata: Readonly<Record<string, unknown>> = {};
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Forms that codes were redeemed by. */
  readonly redeemed: URLSearchParams[] = [];
  readonly url: string;
  readonly #key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<ForgingIssuer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const issuer = new ForgingIssuer(`http://127.0.0.1:${port}`, async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    });
    server.on("request", (request, response) => {
      void text(request).then((body) => {
        const answer = issuer.#answer(request.url ?? "", body);
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(answer));
      });
    });
    return issuer;
  }

  /** As a browser that was sent there comes back. */
  back(sent: string, more: Readonly<Record<string, string>> = {}): string {
    const { searchParams: asked } = new URL(sent);
    this.#nonce = asked.get("nonce") ?? "";
    this.#client = asked.get("client_id") ?? "";
    const state = asked.get("state") ?? "";
    return `?${new URLSearchParams({ code: "a-code", state, ...more }).toString()}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #nonce = "";
  #client = "";

  #answer(path: string, body: string): unknown {
    this.asked.push(path);
    if (path === "/.well-known/openid-configuration") return this.#metadata();
    if (path === "/jwks") return this.#keys();
    this.redeemed.push(new URLSearchParams(body));
    return {
      ...{ access_token: "an-access-token", token_type: "Bearer" },
      id_token: this.#token(),
    };
  }

  #metadata() {
    return {
      ...{ issuer: this.url, jwks_uri: `${this.url}/jwks` },
      authorization_endpoint: `${this.url}/auth`,
      token_endpoint: `${this.url}/token`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
      ...this.metadata,
    };
  }

  #keys() {
    const jwk = this.#key.publicKey.export({ format: "jwk" });
    return { keys: [{ ...jwk, kid: "1", alg: "ES256", use: "sig" }] };
  }

  #token(): string {
    const now = Math.floor(Date.now() / 1000);
    const head = { alg: this.algorithm, kid: "1", typ: "JWT" };
    const claims = {
      ...{ iss: this.url, sub: "42", aud: this.#client, nonce: this.#nonce },
      ...{ iat: now, exp: now + 300 },
      ...{ preferred_username: "anna", groups: ["analysts"] },
      ...this.claims,
    };
    const signed = [head, claims].map(inBase64).join(".");
    if (this.algorithm === "none") return `${signed}.`;
    const key = this.signWith ?? this.#key.privateKey;
    const signature = sign("sha256", Buffer.from(signed), {
      ...{ key, dsaEncoding: "ieee-p1363" },
    });
    return `${signed}.${signature.toString("base64url")}`;
  }
}

const inBase64 = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");
