import { readFileSync } from "node:fs";
import { holds, same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import type { Visitor } from "./visitor.js";

/** What is banned is found, reached and carried away, and stays where it is. */
export async function whatIsBanned(
  { browser, lively }: Stage,
  checks: Checks,
): Promise<void> {
  const visitor = await browser.visitor();
  const { page } = visitor;
  await visitor.goTo("/");
  await visitor.signIn("demo", lively.people.demo.password);
  await checks.run("bans: a row is reached by its number", async () => {
    await visitor.moveTo("/bans?sort=range");
    await visitor.settled();
    await goTo(visitor, "1000");
    await rowIs(visitor, 999);
  });
  await checks.run(
    "bans: an address leads to its row, and says who holds it",
    async () => {
      await visitor.moveTo("/bans");
      await goTo(visitor, INSIDE);
      await visitor.text(/ban holds it/).waitFor();
      await page.getByRole("button", { name: "Show", exact: true }).click();
      await page.getByRole("link", { name: AROUND, exact: true }).waitFor();
    },
  );
  await checks.run(
    "bans: what is new moves nothing till it is shown",
    async () => {
      await visitor.moveTo("/bans");
      const before = await firstRange(visitor);
      await lively.cloud.api("POST", "/api/v1/bans", {
        ...{ range: FRESH, for: "10m", reason: "the walk: it is new" },
      });
      const news = page.getByRole("button", { name: /new.* since: show/ });
      await news.waitFor();
      same(await firstRange(visitor), before, "the first row is");
      await news.click();
      await page.getByRole("link", { name: FRESH, exact: true }).waitFor();
    },
  );
  await checks.run("bans: those that are found are carried away", async () => {
    await visitor.moveTo(`/bans?q=${encodeURIComponent(`range:${FRESH}`)}`);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV", exact: true }).click(),
    ]);
    const [head, ban, end] = readFileSync(await file.path(), "utf8").split(
      /\r?\n/,
    );
    holds(head?.startsWith("range,") === true, `its head is ${head}`);
    holds(ban?.startsWith(`${FRESH},`) === true, `its first row is ${ban}`);
    same(end, "", "behind that stands");
  });
  await browser.leave(visitor);
}

/** Within what the demonstration's people ordered to be watched first. */
const INSIDE = "192.0.2.200";
const AROUND = "192.0.2.192/27";

/** Nobody else bans it. */
const FRESH = "198.51.100.213";

async function goTo(visitor: Visitor, place: string): Promise<void> {
  const field = visitor.page.getByLabel("Go to", { exact: true });
  await field.fill(place);
  await field.press("Enter");
}

const firstRange = (visitor: Visitor): Promise<string> =>
  visitor.page.locator("#row-0 a").first().innerText();

/** Waits until the row is there, and known. @param row from 0 */
async function rowIs(visitor: Visitor, row: number): Promise<void> {
  await visitor.page.locator(`#row-${row} a`).first().waitFor();
}
