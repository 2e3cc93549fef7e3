import { describe, expect, it } from "@jest/globals";
import { generateKeyPairSync } from "node:crypto";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { FetchOutside } from "../../../cloud/sign-in/issuer.js";
import { ForgingIssuer } from "../../support/cloud/forging-issuer.js";
import { ManualClock } from "../../support/time/clock.js";
import { HOME, ORIGIN, staff } from "./staff.js";

describe("an issuer's token", () => {
  it("is believed when all of it is as it should be", async () => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    expect((await comeIn(people, issuer)).signedIn?.caller.name).toBe("anna");
    expect(people.signIn.report().open).toBe(1);
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, ForgingIssuer["claims"]]>([
    ["another nonce", { nonce: "another" }],
    ["no nonce", { nonce: undefined }],
    ["another issuer", { iss: "https://evil.example" }],
    ["another audience", { aud: "somebody" }],
    ["others as its audience, too", { aud: ["tourniquet", "somebody"] }],
    ["an end in the past", { exp: now - 3600 }],
    ["no end", { exp: undefined }],
    ["a beginning in the future", { nbf: now + 3600 }],
    ["no subject", { sub: undefined }],
    ["a subject that is no text", { sub: 42 }],
  ])("is not believed with %s", async (_, claims) => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    issuer.claims = claims;
    await expect(comeIn(people, issuer)).rejects.toThrow(
      "the issuer did not say who you are",
    );
    expect(people.events()).toEqual([]);
  });

  it("is not believed when another key signed it, or none", async () => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    issuer.signWith = privateKey;
    await expect(comeIn(people, issuer)).rejects.toThrow("did not say who");
    issuer.algorithm = "none";
    await expect(comeIn(people, issuer)).rejects.toThrow("did not say who");
    expect(people.signIn.report()).toMatchObject({ open: 0, refused: 2 });
  });

  it("is not enough to step up when they showed nothing since they were asked", async () => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    const { signedIn } = await comeIn(people, issuer);
    const { caller } = signedIn!;
    const { credential: session, operator } = caller;
    const stepUp = { session, operator };
    for (const claims of [{}, { auth_time: now - 3600 }]) {
      issuer.claims = claims;
      const sent = await people.signIn.toIssuer({ stepUp, to: null }, HOME);
      const asked = new URL(sent.url).searchParams;
      expect([asked.get("max_age"), asked.get("prompt")]).toEqual([
        ...["0", "login"],
      ]);
      const back = { query: issuer.back(sent.url), browser: sent.browser };
      await expect(
        people.signIn.fromIssuer(back, caller, HOME),
      ).rejects.toThrow("did not say who");
    }
    expect(people.signIn.steppedUp(caller).steppedUpUntil).toBeNull();
  });

  it("that says they showed just now who they are steps their session up", async () => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    issuer.claims = { auth_time: Math.floor(Date.now() / 1000) };
    const { signedIn } = await comeIn(people, issuer);
    expect(signedIn?.caller.steppedUpUntil).toBeGreaterThan(Date.now());
  });
});

describe("what is sent to an issuer", () => {
  it("is a code challenge, a state and a nonce of its own each time", async () => {
    await using issuer = await ForgingIssuer.start();
    using people = await staffAt(issuer);
    const [one, other] = [
      await people.signIn.toIssuer(NO_ERRAND, HOME),
      await people.signIn.toIssuer(NO_ERRAND, HOME),
    ].map(({ url }) => Object.fromEntries(new URL(url).searchParams));
    expect(one).toEqual({
      ...{ client_id: "tourniquet", response_type: "code" },
      ...{ redirect_uri: `${ORIGIN}/api/v1/session/oidc/callback` },
      ...{ scope: "openid profile", code_challenge_method: "S256" },
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    for (const field of ["state", "nonce", "code_challenge"]) {
      expect(other?.[field]).not.toBe(one?.[field]);
    }
    await comeIn(people, issuer);
    expect(issuer.redeemed[0]?.get("code_verifier")).toMatch(/^[\w-]{43}$/);
  });
});

describe("an issuer that does not answer as it should", () => {
  it("lets nobody in, and is not asked again at once", async () => {
    await using issuer = await ForgingIssuer.start();
    issuer.metadata = { issuer: "https://evil.example" };
    const clock = new ManualClock();
    using people = await staffAt(issuer, clock);
    const send = () => people.signIn.toIssuer(NO_ERRAND, HOME);
    await expect(send()).rejects.toThrow("does not answer as it should");
    await expect(send()).rejects.toThrow("does not answer as it should");
    expect(issuer.asked).toHaveLength(1);
    expect(people.said.map(({ what }) => what)).toEqual([
      "the issuer does not answer as it should",
    ]);
    await clock.advance(10_000);
    issuer.metadata = {};
    expect(new URL((await send()).url).origin).toBe(issuer.url);
    await send();
    expect(issuer.asked).toHaveLength(2);
  });

  it("is not asked at all where the settings name none", async () => {
    using people = await staff();
    await expect(people.signIn.toIssuer(NO_ERRAND, HOME)).rejects.toThrow(
      "cloud.json has no login.oidc",
    );
  });
});

const NO_ERRAND = { stepUp: null, to: null };

const outside: FetchOutside = (url, init) => fetch(url, init as RequestInit);

const staffAt = (
  { url }: ForgingIssuer,
  clock: ManualClock | typeof systemClock = systemClock,
) =>
  staff({
    ...{ clock, fetchOutside: outside },
    login: {
      oidc: {
        ...{ issuer: url, clientId: "tourniquet" },
        roles: [{ value: "analysts", role: "analyst", org: null }],
      },
    },
  });

async function comeIn(
  { signIn }: Awaited<ReturnType<typeof staffAt>>,
  issuer: ForgingIssuer,
) {
  const sent = await signIn.toIssuer(NO_ERRAND, HOME);
  const back = { query: issuer.back(sent.url), browser: sent.browser };
  return signIn.fromIssuer(back, undefined, HOME);
}
