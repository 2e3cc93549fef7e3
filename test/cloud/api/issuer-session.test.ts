import { describe, expect, it } from "@jest/globals";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { OutgoingSettings } from "../../../cloud/outgoing/settings.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import {
  Browser,
  startIssuer,
  type RealIssuer,
} from "../../support/cloud/real-issuer.js";

describe("signing in at an issuer", () => {
  it("goes there and back by the browser, through the one door to the outside", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    await using cloud = await cloudAt(issuer, secrets.path);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const sent = await ask(cloud, "/session/oidc?to=/bans");
    expect(sent.status).toBe(302);
    expect(sent.headers.get("set-cookie")).toMatch(
      /^__Host-tourniquet-login=[\w-]{43}; .*; Secure; Max-Age=600$/,
    );
    const login = cookieOf(sent);
    const there = sent.headers.get("location") ?? "";
    const { pathname, search, origin } = await new Browser().visit(there, "42");
    expect(origin + pathname).toBe(CLIENT.redirectUri);

    const stranger = await ask(cloud, `/session/oidc/callback${search}`);
    expect(stranger.status).toBe(401);
    const replayed = await ask(cloud, `/session/oidc/callback${search}`, login);
    expect(replayed.status).toBe(401);

    const second = await ask(cloud, "/session/oidc?to=/bans");
    const cookie = cookieOf(second);
    const to = second.headers.get("location") ?? "";
    const back = await new Browser().visit(to, "42");
    const path = `/session/oidc/callback${back.search}`;
    const came = await ask(cloud, path, cookie);
    expect([came.status, came.headers.get("location")]).toEqual([302, "/bans"]);
    const session = await ask(cloud, "/session", cookieOf(came));
    expect(await session.json()).toMatchObject({
      operator: { name: "anna", role: "analyst", org: null },
      session: { way: "oidc" },
    });
    const again = await ask(cloud, path, cookie);
    expect(again.status).toBe(401);
  });

  it("answers with the session where one wanted to go nowhere", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    await using cloud = await cloudAt(issuer, secrets.path);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const sent = await ask(cloud, "/session/oidc");
    const there = sent.headers.get("location") ?? "";
    const back = await new Browser().visit(there, "42");
    const path = `/session/oidc/callback${back.search}`;
    const came = await ask(cloud, path, cookieOf(sent));
    expect(came.status).toBe(200);
    expect(await came.json()).toMatchObject({ operator: { name: "anna" } });
  });

  it("goes to no other place afterwards than a path of this cloud", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    await using cloud = await cloudAt(issuer, secrets.path);
    for (const to of [
      ...["https://evil.example", "//evil.example", "/\\evil.example"],
      ...["evil", "/\tx", "/a\\b", "javascript:alert(1)"],
    ]) {
      const query = new URLSearchParams({ to }).toString();
      const { status } = await ask(cloud, `/session/oidc?${query}`);
      expect([to, status]).toEqual([to, 400]);
    }
  });

  it("is begun by no page of another site, though by a link that is typed", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    await using cloud = await cloudAt(issuer, secrets.path);
    const begun = async (site: string) => {
      const headers = { "sec-fetch-site": site };
      const url = `${cloud.url}/api/v1/session/oidc`;
      return (await fetch(url, { redirect: "manual", headers })).status;
    };
    expect(await begun("cross-site")).toBe(403);
    expect(await begun("same-site")).toBe(403);
    expect(await begun("none")).toBe(302);
    expect(await begun("same-origin")).toBe(302);
  });

  it("steps nobody up who has no session", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    await using cloud = await cloudAt(issuer, secrets.path);
    const { status } = await ask(cloud, "/session/oidc?stepUp=true");
    expect(status).toBe(409);
  });

  it("is not there where the settings name no issuer", async () => {
    await using cloud = await startTestCloud();
    const answer = await ask(cloud, "/session/oidc");
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: "way-unusable" });
  });

  it("does not reach an issuer that the outgoing settings do not allow", async () => {
    await using issuer = await startIssuer(CLIENT);
    using secrets = secretFile();
    const outgoing = v.parse(OutgoingSettings, {});
    await using cloud = await cloudAt(issuer, secrets.path, outgoing);
    const answer = await ask(cloud, "/session/oidc");
    expect(answer.status).toBe(409);
  });
});

const CLIENT = {
  ...{ id: "tourniquet", secret: "a secret of the client" },
  redirectUri: "https://cloud.example/api/v1/session/oidc/callback",
};

/** As an operator makes it, who puts the client's secret down. */
function secretFile() {
  const folder = temporaryFolder();
  const path = join(folder.path, "client.secret");
  writeFileSync(path, `${CLIENT.secret}\n`);
  chmodSync(path, 0o600);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const cloudAt = (
  { url: issuer }: RealIssuer,
  clientSecretFile: string,
  outgoing = LOOPBACK,
): Promise<TestCloud> =>
  startTestCloud({
    ...{ publicUrl: "https://cloud.example", outgoing },
    login: {
      sessions: { idleMinutes: 30, hours: 12 },
      oidc: {
        ...{ issuer, clientId: CLIENT.id, clientSecretFile },
        ...{ scopes: ["profile"], claim: "groups" },
        nameClaim: "preferred_username",
        roles: [{ value: "soc", role: "analyst", org: null }],
      },
    },
  });

const LOOPBACK = v.parse(OutgoingSettings, {
  ...{ allow: ["127.0.0.1/32"], plainHttp: ["127.0.0.1/32"] },
});

const ask = (
  { url }: Pick<TestCloud, "url">,
  path: string,
  cookie = "",
): Promise<Response> =>
  fetch(`${url}/api/v1${path}`, { redirect: "manual", headers: { cookie } });

const cookieOf = ({ headers }: Response): string =>
  headers.get("set-cookie")?.split(";")[0] ?? "";
