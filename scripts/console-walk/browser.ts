import { createHash, X509Certificate } from "node:crypto";
import { chromium, type Browser, type BrowserContext } from "playwright-core";
import { Visitor, type Look } from "./visitor.js";

/** Where the cloud is that is looked at. */
export interface Site {
  /** "https://console.test:1234". */
  readonly origin: string;
  /**
   * PEM of its certificate; no other is believed that the system does not.
   * Undefined: it speaks plain HTTP.
   */
  readonly certificate: string | undefined;
}

/** Debian's Chromium, in a new profile, which reaches this machine alone. */
export class OpenBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #site: Site;
  readonly #visitors: Visitor[] = [];

  private constructor(browser: Browser, site: Site) {
    this.#browser = browser;
    this.#site = site;
  }

  static async open(site: Site): Promise<OpenBrowser> {
    const { hostname } = new URL(site.origin);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        ...QUIETLY,
        `--host-resolver-rules=MAP ${hostname} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
        ...believing(site.certificate),
      ],
    });
    return new OpenBrowser(browser, site);
  }

  /** Somebody at a machine of their own: cookies are nobody else's. */
  async visitor(look: Look = {}): Promise<Visitor> {
    const { width = 1_280, height = 900, dark = false } = look;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await watchPolicy(context);
    const { origin } = this.#site;
    const visitor = new Visitor(await context.newPage(), origin);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** What went wrong on any page since it was asked last. */
  faults(): readonly string[] {
    return this.#visitors.flatMap(({ faults }) => faults.take());
  }

  async leave(visitor: Visitor): Promise<void> {
    await visitor.page.context().close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

const CHROMIUM = "/usr/bin/chromium";

/** As root on a machine without a screen, and with nobody to call home to. */
const QUIETLY = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
  ...["--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

/** How long a step may take on a machine that does other things as well. */
const PATIENCE_MS = 20_000;

/** A policy that stops something says so where we look. */
async function watchPolicy(context: BrowserContext): Promise<void> {
  const script = `document.addEventListener("securitypolicyviolation", (event) =>
    console.error("the policy stopped " + event.blockedURI + ": " + event.violatedDirective));`;
  await context.addInitScript({ content: script });
}

const believing = (certificate: string | undefined): readonly string[] =>
  certificate === undefined
    ? []
    : [`--ignore-certificate-errors-spki-list=${spkiOf(certificate)}`];

/** As the browser names the one key that it is to believe. */
function spkiOf(certificate: string): string {
  const { publicKey } = new X509Certificate(certificate);
  const bytes = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(bytes).digest("base64");
}
