import { holds, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";

/** A harness that sees nothing would let everything pass. */
export async function seeingFaults(
  { browser }: Stage,
  checks: Checks,
): Promise<void> {
  await checks.run("what goes wrong on a page is seen", async () => {
    const visitor = await browser.visitor();
    await visitor.goTo("/");
    await visitor.page.getByLabel("Password", { exact: true }).waitFor();
    for (const [script, seen] of WRONGS) {
      await visitor.run(script);
      await visitor.page.waitForTimeout(200);
      const found = visitor.faults.take();
      const told = found.join("; ");
      holds(
        seen.test(told),
        `${script} left "${told}", and not ${seen.source}`,
      );
    }
    await browser.leave(visitor);
  });
}

const WRONGS: readonly (readonly [string, RegExp])[] = [
  [`console.error("oh")`, /console error: oh/],
  [
    `setTimeout(() => { throw new Error("nobody caught it") })`,
    /uncaught: nob/,
  ],
  [`void fetch("/api/v1/nothing")`, /api\/v1\/nothing: HTTP 404/],
  [
    `try { document.createElement("script").text = "1" } catch {}`,
    /the policy stopped/,
  ],
  [
    `(() => { const it = document.createElement("p");
       it.setAttribute("style", "color: red"); })()`,
    /the policy stopped/,
  ],
  [
    `try { document.createElement("p").innerHTML = "<b>x</b>" } catch {}`,
    /the policy stopped/,
  ],
  [
    `(() => { const it = new Image(); it.src = "https://elsewhere.test/x.png"; })()`,
    /the policy stopped/,
  ],
];
