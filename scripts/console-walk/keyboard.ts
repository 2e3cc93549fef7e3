import { until } from "../lab/run.js";
import { holds, same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import type { Visitor } from "./visitor.js";

/** Nobody needs a mouse: from signing in to an order that is not given. */
export async function byKeyboardAlone(
  { browser, lively }: Stage,
  checks: Checks,
): Promise<void> {
  const visitor = await browser.visitor();
  const { keyboard } = visitor.page;
  await checks.run("keys: signing in", async () => {
    await visitor.goTo("/");
    await visitor.page.getByLabel("Password", { exact: true }).waitFor();
    await tabTo(visitor, "username");
    await keyboard.type("demo");
    await keyboard.press("Tab");
    await keyboard.type(lively.people.demo.password);
    await keyboard.press("Enter");
    await visitor.isIn("demo");
  });
  await checks.run("keys: two of them go to a view", async () => {
    for (const [keys, view] of GOING) {
      for (const key of keys) await keyboard.press(key);
      await visitor.settled();
      same(pathOf(visitor), `/console${view}`, keys.join(" "));
    }
  });
  await checks.run("keys: the palette goes anywhere", async () => {
    await keyboard.press("Control+k");
    await visitor.page.getByRole("combobox").waitFor();
    await keyboard.type("203.0.113.7");
    await keyboard.press("Enter");
    await visitor.settled();
    same(pathOf(visitor), "/console/address", "the palette led to");
  });
  await checks.run("keys: ? tells them all, Escape closes", async () => {
    await keyboard.press("?");
    const dialog = visitor.page.getByRole("dialog");
    await dialog.getByText("Ctrl K").waitFor();
    await keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });
  await checks.run("keys: a list is asked, gone along and opened", async () => {
    await visitor.moveTo("/decisions");
    await keyboard.press("/");
    await keyboard.type("ban ");
    await keyboard.press("Escape");
    await tabTo(visitor, "grid");
    await keyboard.press("j");
    await keyboard.press("Enter");
    await visitor.page.waitForURL(/\/console\/decisions\/dec-/);
    await visitor.settled();
  });
  await checks.run("keys: an order is thought over", async () => {
    await visitor.settled(); // what is drawn anew meanwhile has no keyboard on it
    await tabTo(visitor, "Undo…");
    await keyboard.press("Enter");
    const dialog = visitor.page.getByRole("dialog");
    await dialog.getByLabel(/^Why/).waitFor();
    const within = `document.querySelector("dialog").contains(document.activeElement)`;
    holds(await visitor.run(within), "the keyboard is not in the dialog");
    await keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await until("the keyboard is where it was before the dialog", async () => {
      const on = await visitor.run("document.activeElement.textContent");
      return on === "Undo…" || undefined;
    });
  });
  await browser.leave(visitor);
}

const GOING = [
  [["g", "d"], "/decisions"],
  [["g", "f"], "/fleet"],
  [["g", "n"], "/"],
] as const;

const pathOf = ({ page }: Visitor): string => new URL(page.url()).pathname;

/** Goes on by Tab until it is at what has the name, role or purpose. */
async function tabTo(visitor: Visitor, wanted: string): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    await visitor.page.keyboard.press("Tab");
    const at = await visitor.run<string>(AT);
    if (at.includes(wanted)) return;
    passed.push(at);
  }
  throw new Error(`Tab never came to ${wanted}, but to ${passed.join("; ")}`);
}

const AT = `[document.activeElement.getAttribute("role") ?? "",
  document.activeElement.getAttribute("autocomplete") ?? "",
  document.activeElement.textContent].join(" ").slice(0, 60)`;

const MOST_STEPS = 60;
