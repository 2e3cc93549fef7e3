import { describe, expect, it } from "@jest/globals";
import { Authenticator } from "../../support/cloud/authenticator.js";
import {
  ask,
  cookieOf,
  PASSWORD,
  post,
  setPassword,
  signIn,
} from "../../support/cloud/browser.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor, letIn } from "../../support/cloud/people.js";

describe("a passkey", () => {
  it("is made after a step-up, signs in, and steps up", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { cookie } = await signIn(cloud);
    const passkey = new Authenticator(cloud.url);
    const creation = await post(cloud, "/me/passkey-options", { cookie });
    const made = passkey.create(creation.body as never);
    const body = { passkey: made, label: "laptop" };
    const added = await post(cloud, "/me/passkeys", { cookie, body });
    expect(added).toMatchObject({
      ...{ status: 201, body: { credential: expect.stringMatching(/^key-/) } },
    });

    const asked = await post(cloud, "/session/passkey-options", {});
    const shown = passkey.get(asked.body as never);
    const entered = await ask(cloud, "/session/passkey", {
      ...{ method: "POST", body: shown },
    });
    expect(entered.status).toBe(200);
    expect(await entered.json()).toMatchObject({
      ...{ operator: { name: "admin" }, session: { way: "passkey" } },
    });

    const mine = cookieOf(entered);
    const again = await post(cloud, "/session/step-up-options", {
      cookie: mine,
    });
    const stepped = await post(cloud, "/session/step-up", {
      ...{ cookie: mine, body: { passkey: passkey.get(again.body as never) } },
    });
    expect(stepped.status).toBe(200);
  });

  it("is refused from another page, and when it is no passkey at all", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { cookie } = await signIn(cloud);
    const phished = new Authenticator("https://evil.example");
    const creation = await post(cloud, "/me/passkey-options", { cookie });
    const made = phished.create(creation.body as never);
    const body = { passkey: made, label: "laptop" };
    const added = await post(cloud, "/me/passkeys", { cookie, body });
    expect(added.status).toBe(401);
    for (const odd of [{}, { id: 1 }, { ...made, response: {} }]) {
      const { status } = await post(cloud, "/session/passkey", { body: odd });
      expect(status).toBe(400);
    }
  });

  it("is not made for who has not stepped up", async () => {
    await using cloud = await startTestCloud();
    const answer = await askAsOperator(cloud, cloud.operator, [
      ...(["POST", "/me/passkey-options"] as const),
    ]);
    expect(answer).toMatchObject({
      ...{ status: 403, body: { code: "step-up-needed" } },
    });
  });
});

describe("a token that may do less than its operator", () => {
  it("makes them no passkey and no password, which may do more", async () => {
    await using cloud = await startTestCloud();
    const ask = <T>(token: string, ...asked: [string, string, unknown?]) =>
      askAtDoor<T>(cloud, token, asked);
    const order = { role: "viewer" };
    const { body } = await ask<{ token: string }>(
      ...([cloud.operator, "POST", "/operators/admin/tokens", order] as const),
    );
    const [creation, password] = [
      await ask(body.token, "POST", "/me/passkey-options"),
      await ask(body.token, "POST", "/operators/admin/password", {
        password: PASSWORD,
      }),
    ];
    for (const answer of [creation, password]) {
      expect(answer).toMatchObject({
        ...{ status: 403, body: { code: "not-allowed" } },
      });
    }
    expect((await signIn(cloud)).answer.status).toBe(401);
  });
});

describe("setting a password", () => {
  const NEW = "another horse entirely";

  it("of one's own takes the old one", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { cookie } = await signIn(cloud);
    const set = (body: object) =>
      post(cloud, "/operators/admin/password", { cookie, body });
    expect(await set({ password: NEW })).toMatchObject({
      ...{ status: 400, body: { errors: [{ field: "old" }] } },
    });
    expect((await set({ password: NEW, old: "not that one" })).status).toBe(
      401,
    );
    expect(
      (await set({ password: "short", old: PASSWORD })).body,
    ).toMatchObject({
      ...{ code: "invalid", errors: [{ field: "password" }] },
      detail: "a password has at least 12 characters, and this one 5",
    });
    expect((await set({ password: NEW, old: PASSWORD })).status).toBe(201);
    expect((await ask(cloud, "/session", { cookie })).status).toBe(200);
    expect((await signIn(cloud)).answer.status).toBe(401);
  });

  it("of others is for admins who have stepped up, each of their own org", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const [boss, mate, else_, viewer] = [
      await letIn(cloud, { name: "boss", role: "admin", org: "acme" }),
      await letIn(cloud, { name: "mate", role: "viewer", org: "acme" }),
      await letIn(cloud, { name: "else", role: "viewer" }),
      await letIn(cloud, { name: "viewer", role: "viewer" }),
    ];
    const set = (of: { name: string }) =>
      [
        ...(["POST", `/operators/${of.name}/password`] as const),
        { password: NEW },
      ] as const;
    const asBoss = await askAtDoor(cloud, boss.token, set(mate));
    expect(asBoss.status).toBe(201);
    const foreign = await askAtDoor(cloud, boss.token, set(else_));
    const unknown = await askAtDoor(cloud, boss.token, set({ name: "nobody" }));
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    const asViewer = await askAtDoor(cloud, viewer.token, set(else_));
    expect(asViewer.status).toBe(403);
    const notStepped = await askAsOperator(cloud, boss.token, set(mate));
    expect(notStepped).toMatchObject({
      ...{ status: 403, body: { code: "step-up-needed" } },
    });
  });

  it("ends the sessions of who is disabled at once", async () => {
    await using cloud = await startTestCloud();
    const anna = await letIn(cloud, { name: "anna", role: "viewer" });
    const set = { password: PASSWORD };
    await askAtDoor(cloud, cloud.operator, [
      ...(["POST", "/operators/anna/password", set] as const),
    ]);
    const body = { name: "anna", password: PASSWORD };
    const { cookie } = await signIn(cloud, { body });
    expect((await ask(cloud, "/session", { cookie })).status).toBe(200);
    const gone = await askAtDoor(cloud, cloud.operator, [
      ...(["PATCH", `/operators/${anna.id}`, { disabled: true }] as const),
    ]);
    expect(gone.status).toBe(200);
    expect((await ask(cloud, "/session", { cookie })).status).toBe(401);
  });
});
