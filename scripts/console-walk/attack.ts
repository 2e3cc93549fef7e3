import type { LivelyHost } from "../demonstration/lively/lively-host.js";
import { holds, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import type { Visitor } from "./visitor.js";

/** From a range for examples; many hosts have to do with it, so it takes two. */
const SOURCE = "198.51.100.250";

/**
 * The whole of it: an attack appears → evidence → propose → a second person
 * approves → it is in force everywhere → one host is cut off → undo → audit.
 */
export async function theWholeOfIt(
  stage: Stage,
  checks: Checks,
): Promise<void> {
  const { browser, lively } = stage;
  const { ann, bob } = lively.people;
  const anns = await browser.visitor();
  const bobs = await browser.visitor();
  await anns.goTo("/");
  await anns.signIn("ann", ann.password);
  await bobs.goTo("/proposals");
  await bobs.signIn("bob", bob.password);
  const walk = new Walk(stage, anns, bobs);
  await checks.runInTurn([
    ["walk: an attack appears", () => walk.appears()],
    ["walk: its evidence is a step away", () => walk.evidence()],
    ["walk: an analyst proposes", () => walk.proposes()],
    ["walk: a second person approves", () => walk.approves()],
    ["walk: it is in force on all", () => walk.isInForce()],
    ["walk: a host is cut off", () => walk.isCutOff()],
    ["walk: undone, but where it is cut off", () => walk.undoes()],
    ["walk: it is back, and has it", () => walk.isBack()],
    ["walk: the audit shows all of it", () => walk.isAudited()],
  ]);
  await browser.leave(anns);
  await browser.leave(bobs);
}

class Walk {
  readonly #stage: Stage;
  readonly #ann: Visitor;
  readonly #bob: Visitor;
  readonly #lost: LivelyHost;
  #proposal = "";
  #decision = "";
  #undo = "";

  constructor(stage: Stage, ann: Visitor, bob: Visitor) {
    this.#stage = stage;
    this.#ann = ann;
    this.#bob = bob;
    this.#lost = stage.lively.hosts.at(-1)!;
    // Whoever has not stepped up lately is asked to, and asks again.
    for (const each of [ann, bob]) each.faults.expect(403, /^\/api\/v1\//);
  }

  async appears(): Promise<void> {
    this.#stage.lively.weather.attack(SOURCE, ["acme", "borealis"]);
    await this.#main(this.#ann).getByText(SOURCE).first().waitFor();
  }

  async evidence(): Promise<void> {
    const { page } = this.#ann;
    const link = this.#main(this.#ann).getByRole("link", { name: SOURCE });
    await link.first().click();
    await page.getByRole("heading", { level: 1 }).getByText(SOURCE).waitFor();
    const main = this.#main(this.#ann);
    await main.getByText("acme", { exact: true }).first().waitFor();
    await main.getByText("borealis", { exact: true }).first().waitFor();
  }

  async proposes(): Promise<void> {
    const { page } = this.#ann;
    await this.#main(this.#ann).getByRole("button", { name: /^Ban/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("takes two persons").first().waitFor();
    await dialog.getByLabel(/^Why/).fill("the walk: it guesses at two of them");
    await dialog.getByRole("button", { name: /^(Ban|Propose)/ }).click();
    const link = dialog.getByRole("link", { name: /^prp-/ });
    this.#proposal = (await link.innerText()).trim();
    await dialog.getByRole("button", { name: "Close" }).last().click();
  }

  async approves(): Promise<void> {
    const { page } = this.#bob;
    await this.#press(this.#bob, "There is news: show it");
    await this.#main(this.#bob).getByText(SOURCE).first().waitFor();
    await this.#bob.moveTo(`/proposals/${this.#proposal}`);
    await this.#press(this.#bob, "Release…");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Release" }).click();
    await dialog.getByText("In force on").waitFor();
    // Meanwhile the view hears that the proposal is settled; the dialog stays.
    await page.waitForTimeout(1_000);
    this.#decision = await decisionIn(this.#bob);
  }

  async isInForce(): Promise<void> {
    await this.#ann.moveTo(`/decisions/${this.#decision}`);
    await this.#says(this.#ann, all(this.#hosts));
    const curve = this.#main(this.#ann).getByRole("region", {
      name: "Receipts over time",
    });
    await curve.waitFor();
  }

  async isCutOff(): Promise<void> {
    this.#lost.cutOff();
    await this.#ann.moveTo("/fleet?q=state%3Aoffline");
    await this.#says(this.#ann, this.#lost.cast.hostname);
  }

  async undoes(): Promise<void> {
    const { page } = this.#ann;
    await this.#ann.moveTo(`/decisions/${this.#decision}`);
    await this.#press(this.#ann, "Undo…");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Why/).fill("the walk: it was somebody's office");
    await dialog.getByRole("button", { name: "Undo it" }).click();
    this.#undo = await decisionIn(this.#ann);
    await this.#ann.moveTo(`/decisions/${this.#undo}`);
    await this.#says(this.#ann, `${this.#hosts - 1} of ${this.#hosts} hosts`);
    const missing = this.#main(this.#ann).getByRole("region", {
      name: "1 host missing",
    });
    await missing.getByText(this.#lost.cast.hostname).waitFor();
  }

  async isBack(): Promise<void> {
    await this.#lost.join();
    await this.#says(this.#ann, all(this.#hosts));
  }

  async isAudited(): Promise<void> {
    await this.#bob.moveTo("/audit");
    const main = this.#main(this.#bob);
    await main.getByText("undoDecision").first().waitFor();
    const said = await main.innerText();
    for (const call of ["ban", "releaseProposal", "undoDecision"]) {
      holds(new RegExp(`\\b${call}\\b`).test(said), `${call} is not there`);
    }
    for (const who of ["ann", "bob"]) {
      holds(said.includes(who), `${who} is not there`);
    }
    for (const what of [this.#proposal, this.#decision, this.#undo]) {
      holds(said.includes(what), `nothing of ${what} is there`);
    }
  }

  get #hosts(): number {
    return this.#stage.lively.hosts.length;
  }

  #main(visitor: Visitor) {
    return visitor.page.getByRole("main");
  }

  async #says(visitor: Visitor, words: string): Promise<void> {
    await this.#main(visitor).getByText(words).first().waitFor();
  }

  async #press(visitor: Visitor, name: string): Promise<void> {
    await this.#main(visitor)
      .getByRole("button", { name, exact: true })
      .click();
  }
}

const all = (hosts: number): string => `${hosts} of ${hosts} hosts`;

/** The number that an order got, once it has one; the dialog is closed then. */
async function decisionIn({ page }: Visitor): Promise<string> {
  const dialog = page.getByRole("dialog");
  const link = dialog.getByRole("link", { name: /^dec-/ });
  const id = (await link.first().innerText()).trim();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  return id;
}
