import type { ConsoleMessage, Page, Request, Response } from "playwright-core";

/** An answer that a visitor waits for, though it is a refusal. */
export interface Refusal {
  readonly status: number;
  /** Of the path, the query included. */
  readonly path: RegExp;
}

/**
 * What goes wrong on a page without anybody seeing it: what its policy stopped,
 * what its console says, errors that nobody caught, and requests that failed.
 */
export class Faults {
  readonly #origin: string;
  readonly #found: string[] = [];
  readonly #expected: Refusal[] = [...ALWAYS];

  constructor(page: Page, origin: string) {
    this.#origin = origin;
    page.on("console", (message) => this.#logged(message));
    page.on("pageerror", (error) => this.#note(`uncaught: ${error.message}`));
    page.on("crash", () => this.#note("the page crashed"));
    page.on("requestfailed", (request) => this.#failed(request));
    page.on("response", (response) => this.#answered(response));
    page.on("request", (request) => this.#asked(request));
  }

  expect(status: number, path: RegExp): void {
    this.#expected.push({ status, path });
  }

  /** What was found since they were taken last. */
  take(): readonly string[] {
    return this.#found.splice(0);
  }

  #note(what: string): void {
    if (this.#found.length < MOST_NOTED) this.#found.push(what);
  }

  #logged(message: ConsoleMessage): void {
    const kind = message.type();
    if (kind !== "error" && kind !== "warning") return;
    const { url } = message.location();
    const text = message.text();
    if (!this.#isOwn(url) && url !== "") return;
    // The browser's own line on an answer that is looked at below.
    const status = /^Failed to load resource: .*status of (\d+)/.exec(
      text,
    )?.[1];
    if (status !== undefined && this.#isExpected(Number(status), url)) return;
    this.#note(`console ${kind}: ${text} (${url})`);
  }

  #failed(request: Request): void {
    const why = request.failure()?.errorText ?? "";
    // The page itself let go of it, or went on to another address.
    if (!this.#isOwn(request.url()) || why === "net::ERR_ABORTED") return;
    this.#note(`${request.method()} ${request.url()}: ${why}`);
  }

  #answered(response: Response): void {
    const status = response.status();
    const url = response.url();
    if (status < 400 || !this.#isOwn(url)) return;
    if (this.#isExpected(status, url)) return;
    this.#note(`${response.request().method()} ${url}: HTTP ${status}`);
  }

  /** A page of ours that asks anybody else is one that gives something away. */
  #asked(request: Request): void {
    if (request.isNavigationRequest() || this.#isOwn(request.url())) return;
    if (!this.#isOwn(request.frame().url())) return;
    if (!request.url().startsWith("data:")) {
      this.#note(`asked somebody else: ${request.url()}`);
    }
  }

  #isOwn(url: string): boolean {
    return url.startsWith(`${this.#origin}/`);
  }

  #isExpected(status: number, url: string): boolean {
    const path = url.slice(this.#origin.length);
    return this.#expected.some(
      (each) => each.status === status && each.path.test(path),
    );
  }
}

/** So the page finds out that nobody is signed in. */
const ALWAYS: readonly Refusal[] = [
  { status: 401, path: /^\/api\/v1\/session$/ },
];

const MOST_NOTED = 40;
