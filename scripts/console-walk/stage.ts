import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { freePort } from "../../test/cloud/process.js";
import {
  startIssuer,
  type RealIssuer,
} from "../../test/support/cloud/real-issuer.js";
import { Lively } from "../demonstration/lively.js";
import { OpenBrowser } from "./browser.js";

/** Passkeys take no address. */
const NAME = "console.test";

/** A lively cloud behind TLS and a name, an issuer, and a browser. */
export class Stage implements AsyncDisposable {
  readonly lively: Lively;
  readonly issuer: RealIssuer;
  readonly browser: OpenBrowser;
  readonly #opened: Lifetime;

  private constructor(parts: Parts) {
    this.lively = parts.lively;
    this.issuer = parts.issuer;
    this.browser = parts.browser;
    this.#opened = parts.opened;
  }

  static async open(options: StageOptions): Promise<Stage> {
    await using opened = new Lifetime();
    const port = await freePort();
    const origin = `https://${NAME}:${port}`;
    const folder = mkdtempSync(join(tmpdir(), "tourniquet-console-"));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const secretFile = join(folder, "client.secret");
    writeFileSync(secretFile, SECRET, { mode: 0o600 });
    const redirectUri = `${origin}/api/v1/session/oidc/callback`;
    const client = { id: "tourniquet", secret: SECRET, redirectUri };
    const issuer = opened.own(await startIssuer(client));
    const lively = opened.own(
      await Lively.open({
        ...{ ...options, port, named: NAME, encrypted: true },
        settings: {
          outgoing: { allow: LOOPBACK, plainHttp: LOOPBACK },
          login: { oidc: oidcAt(issuer, secretFile) },
        },
      }),
    );
    const certificate = lively.cloud.ca ?? "";
    const browser = opened.own(await OpenBrowser.open({ origin, certificate }));
    const parts = { lively, issuer, browser, opened: opened.release() };
    return new Stage(parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

interface StageOptions {
  readonly hosts: number;
  readonly perSecond: number;
  readonly attackEveryS: number;
  readonly seed: number;
  readonly areAllWell?: boolean;
}

interface Parts {
  readonly lively: Lively;
  readonly issuer: RealIssuer;
  readonly browser: OpenBrowser;
  readonly opened: Lifetime;
}

const SECRET = "the secret of a client of the walk";
const LOOPBACK = ["127.0.0.1"];

const oidcAt = ({ url }: RealIssuer, clientSecretFile: string) => ({
  ...{ issuer: url, clientId: "tourniquet", clientSecretFile },
  roles: [{ value: "soc", role: "analyst", org: null }],
});
