import type { Checks } from "./checks.js";
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
    const told = ((performance.now() - stopped) / 1_000).toFixed(2);
    process.stdout.write(`        told after ${told} s\n`);
    await banner.getByText("live", { exact: true }).waitFor();
    await browser.leave(visitor);
  });
}
