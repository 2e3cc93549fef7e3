import { holds, same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import { about, VIEWS } from "./views.js";

/** What somebody may not see is not there; what they may not do has no button. */
export async function whatRolesSee(
  stage: Stage,
  checks: Checks,
): Promise<void> {
  const { browser, lively } = stage;
  const { vera } = lively.people;
  const known = await about(stage);
  const visitor = await browser.visitor();
  await visitor.goTo("/");
  await visitor.signIn("vera", vera.password);
  const others = new RegExp(OTHERS.join("|"), "i");
  for (const { name, at } of VIEWS) {
    await checks.run(`acme's viewer in ${name}`, async () => {
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
      same(verbs, 0, "buttons of what a viewer may not do");
    });
  }
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

const OTHERS = [
  ...["borealis", "cobalt-clinic", "dunes-bank"],
  ...["elm-university", "fjord-games"],
];

/** What orders are called on buttons. */
const ORDERS =
  /^(ban|lift|undo|release|refuse|observe|propose|revoke|publish)/i;
