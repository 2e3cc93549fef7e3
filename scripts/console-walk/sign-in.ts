import { same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import type { Visitor } from "./visitor.js";

/** By password, by passkey, and by the company's issuer. */
export async function signingIn(stage: Stage, checks: Checks): Promise<void> {
  const { browser, lively, issuer } = stage;
  await checks.run("a password signs in, a wrong one does not", async () => {
    const { demo } = lively.people;
    const visitor = await browser.visitor();
    visitor.faults.expect(401, /^\/api\/v1\/session$/);
    await visitor.goTo("/decisions");
    await visitor.page.getByLabel("Name", { exact: true }).fill("demo");
    await visitor.page
      .getByLabel("Password", { exact: true })
      .fill("not the right one");
    await visitor.page.getByRole("button", { name: "Sign in" }).first().click();
    await visitor.page.getByRole("alert").waitFor();
    await visitor.signIn("demo", demo.password);
    same(new URL(visitor.page.url()).pathname, "/console/decisions", "view");
    await visitor.signOut();
    await browser.leave(visitor);
  });
  await checks.run("a passkey signs in, without a name", async () => {
    const { ann } = lively.people;
    const visitor = await browser.visitor();
    await visitor.addAuthenticator();
    await visitor.goTo("/");
    await visitor.signIn("ann", ann.password);
    await addPasskey(visitor);
    await visitor.signOut();
    await visitor.page
      .getByRole("button", { name: "Sign in with a passkey" })
      .click();
    await visitor.isIn("ann");
    await browser.leave(visitor);
  });
  await checks.run(
    "the company's issuer signs in, and leads back",
    async () => {
      issuer.people.set("42", { preferred_username: "carla", groups: ["soc"] });
      const visitor = await browser.visitor();
      await visitor.goTo("/fleet?q=org%3Aacme");
      await visitor.page
        .getByRole("link", { name: "Sign in with your company" })
        .click();
      await visitor.page.locator("input[name=login]").fill("42");
      await visitor.page.locator("input[name=password]").fill("-");
      await visitor.page.locator("button[type=submit]").click();
      await visitor.isIn("carla");
      const { pathname, search } = new URL(visitor.page.url());
      same(pathname + search, "/console/fleet?q=org%3Aacme", "view");
      await browser.leave(visitor);
    },
  );
  await checks.run("a session that ends keeps what one was at", async () => {
    const visitor = await browser.visitor();
    await sessionEnds(visitor, lively.people.bob.password);
    await browser.leave(visitor);
  });
}

/** Whose session ends in the middle of something goes on with it. */
async function sessionEnds(visitor: Visitor, password: string): Promise<void> {
  const { page } = visitor;
  visitor.faults.expect(401, /^\/api\/v1\//);
  await visitor.goTo("/address?of=198.51.100.99");
  await visitor.signIn("bob", password);
  await visitor.settled();
  await page.getByRole("button", { name: /^Ban/ }).click();
  const dialog = page.getByRole("dialog");
  const why = dialog.getByLabel(/^Why/);
  await why.fill("half a thought");
  await visitor.run(`fetch("/api/v1/session", { method: "DELETE" })`);
  const over = page.getByRole("dialog", { name: "Your session is over" });
  await over.waitFor();
  await page.keyboard.press("Escape");
  await over.waitFor({ state: "detached" });
  // Longer than this view leaves between two questions.
  await page.waitForTimeout(6_000);
  same(await over.count(), 0, "dialogs that come back by themselves");
  await dialog.getByRole("button", { name: /^(Ban|Propose)/ }).click();
  await over.getByLabel("Name", { exact: true }).fill("bob");
  await over.getByLabel("Password", { exact: true }).fill(password);
  await over.getByRole("button", { name: "Sign in", exact: true }).click();
  await over.waitFor({ state: "detached" });
  same(await why.inputValue(), "half a thought", "what was written");
}

/** Has the browser make one, and the cloud take it in. */
async function addPasskey(visitor: Visitor): Promise<void> {
  const status = await visitor.run<number>(`(async () => {
    const post = (path, body) => fetch("/api/v1" + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = await (await post("/me/passkey-options")).json();
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
    const made = (await navigator.credentials.create({ publicKey })).toJSON();
    const { id, rawId, type, response } = made;
    const { clientDataJSON, attestationObject, transports } = response;
    const passkey = { id, rawId, type,
      response: { clientDataJSON, attestationObject, transports } };
    return (await post("/me/passkeys", { passkey, label: "walk" })).status;
  })()`);
  same(status, 201, "adding a passkey");
}
