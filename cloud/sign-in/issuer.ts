import {
  allowInsecureRequests,
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  type Configuration,
  type CustomFetchOptions,
} from "openid-client";
import type { Clock } from "../../agent/runtime/clock.js";
import { newSecret } from "../ids.js";
import { SignInRefused, WayUnusable } from "./failures.js";
import type { OidcSettings } from "./login-settings.js";
import { claimOf, type Claims } from "./role-claim.js";

/** Fetches what is outside, by the cloud's one door to there. */
export type FetchOutside = (
  url: string,
  init: CustomFetchOptions,
) => Promise<Response>;

export interface IssuerPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly fetchOutside: FetchOutside;
  /** Read anew with the issuer's metadata; undefined: the client has none. */
  readonly secret: () => string | undefined;
  /** It could not be asked what it is. */
  readonly failed: (error: unknown) => void;
  /** Where the browser comes back to. */
  readonly redirectUri: () => string;
}

/** What has to come back from the issuer as it went there. */
export interface Asked {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  /** Whether somebody had to show anew who they are. */
  readonly anew: boolean;
}

/** Who came back, by the issuer's word. */
export interface Arrived {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
  /** Whether they showed the issuer who they are since they were sent there. */
  readonly isFresh: boolean;
}

/** An issuer of OpenID Connect: code flow, with PKCE, state and nonce. */
export class Issuer {
  readonly #settings: OidcSettings;
  readonly #ports: IssuerPorts;
  #known:
    | { readonly metadata: Promise<Configuration>; readonly until: number }
    | undefined;

  constructor(settings: OidcSettings, ports: IssuerPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /**
   * Where to send a browser.
   * @param anew have them show there who they are, signed in or not
   * @throws WayUnusable
   */
  async ask(
    anew: boolean,
  ): Promise<{ readonly url: URL; readonly asked: Asked }> {
    const configuration = await this.#configuration();
    const askedAt = this.#ports.clock.now();
    const verifier = randomPKCECodeVerifier();
    const asked = {
      ...{ state: newSecret(), nonce: randomNonce(), verifier },
      ...{ askedAt, anew },
    };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: this.#ports.redirectUri(),
      scope: ["openid", ...this.#settings.scopes].join(" "),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...{ state: asked.state, nonce: asked.nonce },
      ...(anew && { max_age: "0", prompt: "login" }),
    });
    return { url, asked };
  }

  /**
   * Who somebody is that came back.
   * @param query of the URL that the browser came back with
   * @throws SignInRefused, WayUnusable
   */
  async answer(query: string, asked: Asked): Promise<Arrived> {
    const configuration = await this.#configuration();
    const url = new URL(this.#ports.redirectUri());
    url.search = query;
    const sinceAsked = Math.ceil(
      (this.#ports.clock.now() - asked.askedAt) / 1000,
    );
    try {
      const tokens = await authorizationCodeGrant(configuration, url, {
        ...{ expectedState: asked.state, expectedNonce: asked.nonce },
        ...{ pkceCodeVerifier: asked.verifier, idTokenExpected: true },
        // They may take their time: what counts is that it was since they left.
        ...(asked.anew && { maxAge: sinceAsked }),
      });
      const said = tokens.claims();
      if (said === undefined) throw new TypeError("no ID token");
      const { iss: issuer, sub: subject, auth_time: authTime = 0 } = said;
      const since = Math.floor(asked.askedAt / 1000) - TOLERANCE_S;
      const more = this.#isAllIn(said)
        ? {}
        : await moreOf(configuration, tokens.access_token, subject);
      const claims = { ...more, ...said };
      return { issuer, subject, claims, isFresh: authTime >= since };
    } catch (cause) {
      throw new SignInRefused(
        `the issuer did not say who you are${whyOf(cause)}`,
        {
          cause,
        },
      );
    }
  }

  /** Some issuers tell what is beyond a name only to who asks again. */
  #isAllIn(claims: Claims): boolean {
    const { claim, nameClaim } = this.#settings;
    return [claim, nameClaim].every(
      (name) => claimOf(claims, name) !== undefined,
    );
  }

  /** Asked for again after an hour; after ten seconds where it could not be had. */
  async #configuration(): Promise<Configuration> {
    const now = this.#ports.clock.monotonic();
    if (this.#known === undefined || this.#known.until <= now) {
      const metadata = this.#discover();
      this.#known = { metadata, until: now + KNOWN_MS };
      metadata.catch((error: unknown) => {
        this.#ports.failed(error);
        // From when it failed on: it may have taken longer than that.
        const until = this.#ports.clock.monotonic() + FAILED_MS;
        this.#known = { metadata, until };
      });
    }
    try {
      return await this.#known.metadata;
    } catch (cause) {
      const { issuer } = this.#settings;
      throw new WayUnusable(
        `the issuer ${issuer} does not answer as it should; the cloud's log says why`,
        { cause },
      );
    }
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientId } = this.#settings;
    const secret = this.#ports.secret();
    const isPlain = new URL(issuer).protocol === "http:";
    return discovery(
      new URL(issuer),
      clientId,
      { [clockTolerance]: TOLERANCE_S },
      secret === undefined ? None() : ClientSecretBasic(secret),
      {
        [customFetch]: (url, init) => this.#ports.fetchOutside(url, init),
        execute: [
          // The settings let it be plain on loopback alone.
          ...(isPlain ? [allowInsecureRequests] : []),
          enableNonRepudiationChecks,
        ],
      },
    );
  }
}

async function moreOf(
  configuration: Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims> {
  const { userinfo_endpoint: asks } = configuration.serverMetadata();
  if (asks === undefined) return {};
  return fetchUserInfo(configuration, accessToken, subject);
}

/** What two clocks may differ by. */
const TOLERANCE_S = 30;

const KNOWN_MS = 60 * 60 * 1000;
const FAILED_MS = 10_000;

/** The issuer's own code, where it gave one; its words are not repeated. */
function whyOf(error: unknown): string {
  if (!(error instanceof AuthorizationResponseError)) return "";
  return /^[a-z_]{1,40}$/.test(error.error) ? `: ${error.error}` : "";
}
