import type { Locator, Page } from "playwright-core";
import { until } from "../lab/run.js";
import { Faults } from "./faults.js";

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** Somebody who looks at the console, and what went wrong meanwhile. */
export class Visitor {
  readonly page: Page;
  readonly faults: Faults;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
    this.faults = new Faults(page, origin);
  }

  /** @param view as "/decisions?q=…" */
  async goTo(view: string): Promise<void> {
    await this.page.goto(`${this.#origin}/console${view}`);
  }

  /** Within the page, as its own links do. */
  async moveTo(view: string): Promise<void> {
    const address = JSON.stringify(`/console${view}`);
    await this.run(`(() => {
      history.pushState(null, "", ${address});
      dispatchEvent(new PopStateEvent("popstate"));
    })()`);
    await this.settled();
  }

  /** Waits until the address's view is there, and nothing in it is asked for. */
  async settled(): Promise<void> {
    const { page } = this;
    await until(`the view of ${page.url()}`, async () =>
      (await this.run<boolean>(IS_PLACED)) ? true : undefined,
    );
    await page.locator("h1, main .nothing").first().waitFor();
    const busy = page.locator('[aria-busy="true"]').first();
    await busy.waitFor({ state: "detached" });
    await page.waitForTimeout(100);
  }

  async signIn(name: string, password: string): Promise<void> {
    const { page } = this;
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await this.isIn(name);
  }

  /** Waits until they are signed in, as whom they say. */
  async isIn(name: string): Promise<void> {
    const who = this.page.getByRole("banner").getByText(name, { exact: true });
    await who.waitFor();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole("button", { name: "Sign out" }).click();
    await this.page.getByLabel("Password", { exact: true }).waitFor();
  }

  text(words: string | RegExp): Locator {
    return this.page.getByText(words);
  }

  /** Runs a script in the page. */
  run<T>(script: string): Promise<T> {
    return this.page.evaluate<T>(script);
  }

  /** Gives the machine a passkey that says yes to everything. */
  async addAuthenticator(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("WebAuthn.enable");
    await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        ...{ protocol: "ctap2", transport: "internal" },
        ...{ hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
  }
}

/** The view that is drawn is the address's, or it is said that there is none. */
const IS_PLACED = `(() => {
  const place = location.pathname.slice("/console".length) || "/";
  const placed = document.querySelector("main [data-view]");
  if (placed !== null) return placed.dataset.view === place;
  return document.querySelector("h1, main .nothing") !== null;
})()`;
