import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Configuration } from "oidc-provider";

/** A client that the issuer knows. */
export interface IssuersClient {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
}

/** What the issuer says of somebody. */
export type Person = Readonly<Record<string, unknown>>;

/**
 * A real issuer of OpenID Connect on loopback: whoever names themselves is let in
 * as that.
 */
export async function startIssuer(
  client: IssuersClient,
  more: Configuration = {},
) {
  const people = new Map<string, Person>();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const provider: Provider = quietly(url, {
    clients: [
      {
        ...{ client_id: client.id, client_secret: client.secret },
        redirect_uris: [client.redirectUri],
      },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
    conformIdTokenClaims: false,
    ttl: {
      Grant: 60,
      Session: 60,
      AccessToken: 60,
      IdToken: 60,
      Interaction: 60,
    },
    cookies: { keys: ["a key of the tests"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people.get(id) }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const { client: asking, session } = oidc;
      const grant = new provider.Grant({
        clientId: asking?.clientId ?? "",
        accountId: session?.accountId ?? "",
      });
      grant.addOIDCScope("openid profile");
      await grant.save();
      return grant;
    },
    ...more,
  });
  const answer = provider.callback();
  server.on("request", (...exchange) => void answer(...exchange));
  return {
    ...{ url, people },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** It warns of what only a test does. */
function quietly(url: string, configuration: Configuration): Provider {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return new Provider(url, configuration);
  } finally {
    console.warn = warn;
  }
}

export type RealIssuer = Awaited<ReturnType<typeof startIssuer>>;

/** A browser at the issuer, which remembers who used it. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /**
   * Goes where a cloud sends it, says who it is when it is asked, and comes back.
   * @returns the URL at the cloud that it is sent to
   */
  async visit(url: string, login: string): Promise<URL> {
    const { origin } = new URL(url);
    let at = new URL(url);
    let form: URLSearchParams | undefined;
    while (at.origin === origin) {
      const answer = await this.#ask(at, form);
      form = undefined;
      const location = answer.headers.get("location");
      if (location !== null) {
        at = new URL(location, at);
      } else if (at.pathname.startsWith("/interaction/")) {
        form = new URLSearchParams({ prompt: "login", login, password: "-" });
      } else {
        throw new Error(`${at.href}: ${await answer.text()}`);
      }
    }
    return at;
  }

  async #ask(at: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(at, {
      ...{ redirect: "manual", headers: { cookie } },
      ...(form && { method: "POST", body: form }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      this.#cookies.set(name, value);
    }
    return answer;
  }
}
