import axe from "axe-core";
import type { AxeResults } from "axe-core";
import type { Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import { about, VIEWS } from "./views.js";
import type { Visitor } from "./visitor.js";

/** Every view, wide and narrow, light and dark, by the rules of axe-core. */
export async function forEverybody(
  stage: Stage,
  checks: Checks,
): Promise<void> {
  const { browser, lively } = stage;
  await checks.run("axe: signing in", async () => {
    const visitor = await browser.visitor();
    await visitor.goTo("/");
    await visitor.page.getByLabel("Password", { exact: true }).waitFor();
    await lookAll(visitor);
    await browser.leave(visitor);
  });
  const known = await about(stage);
  const visitor = await browser.visitor();
  await visitor.goTo("/");
  await visitor.signIn("demo", lively.people.demo.password);
  for (const { name, at } of VIEWS) {
    await checks.run(`axe: ${name}`, async () => {
      await visitor.moveTo(at(known));
      await lookAll(visitor);
    });
  }
  await browser.leave(visitor);
}

const SIZES = [
  { width: 1_280, height: 900 },
  { width: 390, height: 844 },
] as const;

/** @throws with all that axe-core has against the page as it is now */
async function lookAll(visitor: Visitor): Promise<void> {
  const { page } = visitor;
  const found = new Map<string, string[]>();
  const note = (what: string, where: string) =>
    found.set(what, [...(found.get(what) ?? []), where]);
  await page.evaluate(axe.source);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await visitor.settled();
      const { violations } = await visitor.run<AxeResults>("axe.run()");
      const where = `${size.width} px, ${colorScheme}`;
      for (const { id, help, nodes } of violations) {
        const [first] = nodes;
        note(`${id}, ${help}: ${first?.html.slice(0, 160) ?? ""}`, where);
      }
      const wide = await visitor.run<number>(
        "document.documentElement.scrollWidth - window.innerWidth",
      );
      if (wide > 0) note(`${wide} px wider than the window`, where);
    }
  }
  await page.setViewportSize(SIZES[0]);
  const told = [...found].map(([what, at]) => `${what} (${at.join("; ")})`);
  if (told.length > 0) throw new Error(told.join("\n"));
}
