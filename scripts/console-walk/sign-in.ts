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
