import { describe, expect, it } from "@jest/globals";
import * as v from "valibot";
import { LoginSettings } from "../../../cloud/sign-in/login-settings.js";
import { waysIn } from "../../../cloud/sign-in/ways-in.js";
import { ask } from "../../support/cloud/browser.js";
import { startTestCloud } from "../../support/cloud/cloud.js";

describe("the ways in", () => {
  it.each([
    ["https://tourniquet.example", true],
    ["https://tourniquet.example:8443", true],
    ["http://localhost:8443", true],
    ["http://tourniquet.example", false],
    ["https://192.0.2.1", false],
    ["https://[2001:db8::1]:8443", false],
  ])("at %s: passkeys are among them: %s", (url, passkey) => {
    expect(waysIn({}, url)).toEqual({ password: true, passkey, oidc: null });
  });

  it("are told to strangers, with no more than the issuer's host", async () => {
    const login = v.parse(LoginSettings, {
      oidc: {
        ...{ issuer: "https://login.example/realms/soc", clientId: "t" },
        roles: [{ value: "soc", role: "analyst", org: null }],
      },
    });
    const publicUrl = "https://tourniquet.example";
    await using cloud = await startTestCloud({ publicUrl, login });
    const answer = await ask(cloud, "/session/ways", { ownSite: false });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      ...{ password: true, passkey: true, oidc: { issuer: "login.example" } },
    });
  });
});
