import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser } from "playwright-core";
import { COLUMNS, type Session } from "./terminal.js";

/** Draws terminals with xterm.js, in Debian's Chromium. */
export class Drawing implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Drawing> {
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--headless", "--no-sandbox", "--disable-gpu"],
    });
    return new Drawing(browser);
  }

  /** PNG of what stands on the terminal, prompt and command above it. */
  async draw({ typed, bytes }: Session): Promise<Buffer> {
    const page = await this.#browser.newPage({
      viewport: { width: 1_000, height: 1_600 },
      deviceScaleFactor: 1.5,
    });
    await page.setContent(PAGE);
    await page.addStyleTag({ content: readFileSync(XTERM.css, "utf8") });
    await page.addScriptTag({ content: readFileSync(XTERM.js, "utf8") });
    const shown = `\x1b[1;32m$\x1b[0m ${typed}\r\n${bytes.toString("latin1")}`;
    const base64 = Buffer.from(shown, "latin1").toString("base64");
    await page.evaluate(`${DRAW}(${COLUMNS}, "${base64}")`);
    const picture = await page.locator("#terminal").screenshot();
    await page.close();
    return picture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

const require = createRequire(import.meta.url);
const XTERM = {
  js: require.resolve("@xterm/xterm/lib/xterm.js"),
  css: require.resolve("@xterm/xterm/css/xterm.css"),
};

const PAGE = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; background: #101418 }
  #terminal { display: inline-block; padding: 14px 16px; background: #101418 }
  .xterm-cursor, .scrollbar { display: none !important }
  .xterm-viewport { overflow: hidden !important; background: #101418 !important }
</style><div id="terminal"></div>`;

/** Runs in the page: as many rows as there is text, and no cursor. */
const DRAW = `(async (cols, base64) => {
  const terminal = new Terminal({
    cols, rows: 100, scrollback: 0, cursorStyle: "bar", cursorInactiveStyle: "none", fontSize: 14, lineHeight: 1.15,
    fontFamily: "'DejaVu Sans Mono', monospace", minimumContrastRatio: 4.5,
    theme: { background: "#101418", foreground: "#d7dde3", green: "#5ccf83",
      red: "#ff7b72", yellow: "#e3b341", brightBlack: "#8b949e" },
  });
  terminal.open(document.getElementById("terminal"));
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  await new Promise((resolve) => terminal.write(bytes, resolve));
  terminal.resize(cols, terminal.buffer.active.cursorY + 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
})`;
