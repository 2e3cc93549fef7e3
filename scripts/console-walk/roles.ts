import { holds, same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import { about, VIEWS } from "./views.js";
import type { Visitor } from "./visitor.js";

/** What somebody may not see is not there; what they may not do has no button. */
export async function whatRolesSee(
  stage: Stage,
  checks: Checks,
): Promise<void> {
  await viewerSees(stage, checks);
  await partnerSees(stage, checks);
}

async function viewerSees(stage: Stage, checks: Checks): Promise<void> {
  const { browser, lively } = stage;
  const visitor = await browser.visitor();
  await visitor.goTo("/");
  await visitor.signIn("vera", lively.people.vera.password);
  await looksAround("acme's viewer", visitor, { stage, checks });
  await checks.run("a host of another customer is not there", async () => {
    const foreign = lively.hosts.find(({ cast }) => cast.org !== "acme");
    await visitor.moveTo(`/fleet/${foreign?.agent ?? ""}`);
    await visitor.settled();
    const said = await visitor.run<string>(
      "document.getElementById('main').innerText",
    );
    holds(!said.includes(foreign?.cast.hostname ?? "-"), "its name is shown");
  });
  await browser.leave(visitor);
}

async function partnerSees(stage: Stage, checks: Checks): Promise<void> {
  const { browser, lively } = stage;
  const visitor = await browser.visitor();
  await checks.run("a partner lands on the bans of their feed", async () => {
    await visitor.goTo("/");
    await visitor.signIn("petra", lively.people.petra.password);
    const { page } = visitor;
    await page.getByRole("heading", { name: "Bans", level: 1 }).waitFor();
    await visitor.settled();
    const places = page.getByRole("navigation").getByRole("link");
    same((await places.allInnerTexts()).join(), "Bans,Settings", "places");
    const signs = await page.locator(".connection").count();
    same(signs, 0, "signs of a stream that they do not have");
  });
  await looksAround("a partner", visitor, { stage, checks });
  await browser.leave(visitor);
}

/** Goes everywhere, whether or not the way there is shown. */
async function looksAround(
  who: string,
  visitor: Visitor,
  { stage, checks }: { readonly stage: Stage; readonly checks: Checks },
): Promise<void> {
  const known = await about(stage);
  const others = new RegExp(OTHERS.join("|"), "i");
  for (const { name, at } of VIEWS) {
    await checks.run(`${who} in ${name}`, async () => {
      visitor.faults.expect(403, /^\/api\/v1\//);
      visitor.faults.expect(404, /^\/api\/v1\//);
      await visitor.moveTo(at(known));
      await visitor.settled();
      const said = await visitor.run<string>(
        "document.getElementById('main').innerText",
      );
      const [leak] = others.exec(said) ?? [];
      same(leak, undefined, "another customer is named");
      const verbs = await visitor.page
        .getByRole("main")
        .getByRole("button", { name: ORDERS })
        .count();
      same(verbs, 0, "buttons of what they may not do");
    });
  }
}

const OTHERS = [
  ...["borealis", "cobalt-clinic", "dunes-bank"],
  ...["elm-university", "fjord-games"],
];

/** What orders are called on buttons. */
const ORDERS =
  /^(ban|lift|undo|release|refuse|observe|propose|revoke|publish|import|answer|withdraw|forget|vouch|disable)\b/i;
