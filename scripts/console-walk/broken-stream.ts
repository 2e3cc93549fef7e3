import { holds, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";

/** Whoever looks at old news is told so, and has the newer ones soon after. */
export async function brokenStream(
  { browser, lively }: Stage,
  checks: Checks,
): Promise<void> {
  await checks.run("a broken stream says so, and catches up", async () => {
    const pid = lively.cloud.process?.pid ?? 0;
    const visitor = await browser.visitor();
    await visitor.goTo("/");
    await visitor.signIn("bob", lively.people.bob.password);
    const banner = visitor.page.getByRole("banner");
    await banner.getByText("live", { exact: true }).waitFor();
    process.kill(pid, "SIGSTOP");
    const stopped = performance.now();
    try {
      await banner.getByText("no connection").waitFor();
    } finally {
      process.kill(pid, "SIGCONT");
    }
    const toldMs = performance.now() - stopped;
    process.stdout.write(
      `        told after ${(toldMs / 1_000).toFixed(2)} s\n`,
    );
    holds(toldMs <= MOST_TOLD_MS, `it said so after ${toldMs.toFixed(0)} ms`);
    // Decided while the page is not back yet: it comes by the page's position.
    await banMissed(lively);
    await banner.getByText("live", { exact: true }).waitFor();
    const row = visitor.page.getByRole("main").getByText(`Ban ${MISSED}`);
    await row.first().waitFor();
    await browser.leave(visitor);
  });
}

/** Pages of one person that are too many do not push each other out for ever. */
export async function tooManyPages(
  { browser, lively }: Stage,
  checks: Checks,
): Promise<void> {
  await checks.run(
    "a page too many is paused until told to go on",
    async () => {
      const visitor = await browser.visitor();
      await visitor.goTo("/");
      await visitor.signIn("bob", lively.people.bob.password);
      const banner = visitor.page.getByRole("banner");
      await banner.getByText("live", { exact: true }).waitFor();
      await visitor.run(OTHER_PAGES);
      await banner.getByText("this one is paused").first().waitFor();
      // Longer than a broken stream would wait for its next try.
      await visitor.page.waitForTimeout(1_500);
      const goOn = banner.getByRole("button", { name: "Go on here" });
      await goOn.press("Enter");
      await banner.getByText("live", { exact: true }).waitFor();
      await browser.leave(visitor);
    },
  );
}

/** As many streams as one person may have, one after the other. */
const OTHER_PAGES = `(async () => {
  const url = location.origin.replace(/^http/, "ws") + "/api/v1/live";
  for (let count = 0; count < 8; count += 1) {
    const stream = new WebSocket(url);
    await new Promise((heard) => { stream.onmessage = heard; });
  }
})()`;

const MISSED = "198.51.100.77";

async function banMissed({ cloud, people }: Stage["lively"]): Promise<void> {
  const order = { range: MISSED, for: "1h", reason: "while the page is away" };
  await cloud.api("POST", "/api/v1/bans", order, people.ann.token);
}

/**
 * Milliseconds: a second, by the page's own clock, and what this process and the
 * browser take to see it.
 */
const MOST_TOLD_MS = 2_000;
