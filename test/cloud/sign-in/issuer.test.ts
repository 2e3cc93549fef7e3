import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { FetchOutside } from "../../../cloud/sign-in/issuer.js";
import type { SignedIn } from "../../../cloud/sign-in/sign-in.js";
import {
  Browser,
  startIssuer,
  type RealIssuer,
} from "../../support/cloud/real-issuer.js";
import { CLIENT_SECRET, HOME, ORIGIN, staff } from "./staff.js";

describe("who comes from the issuer", () => {
  it("joins as what their claim says, and is signed in", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const { caller, session } = await comeIn(people, "42");
    expect(caller).toMatchObject({ name: "anna", role: "analyst", org: null });
    expect(session).toMatchObject({ way: "oidc", begunWith: null });
    expect(people.events()).toEqual([
      {
        ...{ kind: "operator-joined", operator: caller.operator, name: "anna" },
        ...{ role: "analyst", org: null, by: `oidc:${issuer.url}` },
        subject: { issuer: issuer.url, subject: "42" },
      },
    ]);
  });

  it("is the same operator the next time, and nothing is noted", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const first = await comeIn(people, "42");
    const second = await comeIn(people, "42");
    expect(second.caller.operator).toBe(first.caller.operator);
    expect(people.events()).toHaveLength(1);
  });

  it("is what their claim says by now", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const { secret } = await comeIn(people, "42");
    issuer.people.set("42", { preferred_username: "x", groups: ["acme"] });
    const { caller } = await comeIn(people, "42");
    expect(caller).toMatchObject({ name: "anna", role: "viewer", org: "acme" });
    expect(people.events()[1]).toMatchObject({
      ...{ kind: "operator-changed", role: "viewer", org: "acme" },
      ...{ by: `oidc:${issuer.url}`, reason: "the issuer's claims changed" },
    });
    expect(people.signIn.bySession(secret, HOME)?.role).toBe("viewer");
  });

  it("is not let in without a value that says what they are", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    for (const groups of [
      undefined,
      "",
      ["guests"],
      [["soc"]],
      { soc: true },
    ]) {
      issuer.people.set("42", { preferred_username: "anna", groups });
      await expect(comeIn(people, "42")).rejects.toThrow(
        "the issuer knows you, but none of your groups lets you in here",
      );
    }
    expect(people.events()).toEqual([]);
    expect(people.signIn.report()).toMatchObject({ open: 0, refused: 5 });
  });

  it("loses their sessions when their claim lets them in no more", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const { secret } = await comeIn(people, "42");
    issuer.people.set("42", { preferred_username: "anna", groups: [] });
    await expect(comeIn(people, "42")).rejects.toThrow("none of your groups");
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
  });

  it("does not become somebody of the same name", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    await people.joins("anna");
    issuer.people.set("42", { preferred_username: "Anna", groups: ["soc"] });
    await expect(comeIn(people, "42")).rejects.toThrow(
      "another operator is called Anna",
    );
  });

  it.each([
    [undefined],
    [""],
    ["x".repeat(65)],
    ["an\u0000na"],
    ["\u202eanna"],
  ])("has to have a name that is one: %j", async (name) => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: name, groups: ["soc"] });
    await expect(comeIn(people, "42")).rejects.toThrow(
      "preferred_username is no name for an operator",
    );
  });

  it("does not come back as somebody new once they are disabled", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const { caller, secret } = await comeIn(people, "42");
    const { operator } = caller;
    await people.append({
      ...{ kind: "operator-changed", operator, disabled: true, by: "first" },
    });
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
    await expect(comeIn(people, "42")).rejects.toThrow("you are disabled here");
    expect(people.operators.list()).toHaveLength(1);
  });

  it("is not put into an org that is not there", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer, { orgs: [] });
    issuer.people.set("42", { preferred_username: "anna", groups: ["acme"] });
    await expect(comeIn(people, "42")).rejects.toThrow(
      "the settings put you into the org acme, which is not there",
    );
  });

  it("may have claims that only the issuer's user info tells", async () => {
    await using issuer = await acmesIssuer({ conformIdTokenClaims: true });
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: "soc" });
    expect((await comeIn(people, "42")).caller.role).toBe("analyst");
  });

  it("goes on to the path that they wanted to go to", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const errand = { stepUp: null, to: "/bans?feed=urgent" };
    const sent = await people.signIn.toIssuer(errand, HOME);
    const { search: query } = await new Browser().visit(sent.url, "42");
    const back = { query, browser: sent.browser };
    const { to } = await people.signIn.fromIssuer(back, undefined, HOME);
    expect(to).toBe("/bans?feed=urgent");
  });
});

describe("a browser that comes back", () => {
  it("comes back once", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const back = await sentAndBack(people, "42");
    await people.signIn.fromIssuer(back, undefined, HOME);
    await expect(
      people.signIn.fromIssuer(back, undefined, HOME),
    ).rejects.toThrow("this browser did not begin to sign in");
  });

  it("is the one that was sent, with what it was sent with", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const mine = await sentAndBack(people, "42");
    const others = await people.signIn.toIssuer(NO_ERRAND, HOME);
    for (const browser of [others.browser, undefined, ""]) {
      const back = { ...(await sentAndBack(people, "42")), browser };
      await expect(
        people.signIn.fromIssuer(back, undefined, HOME),
      ).rejects.toThrow("this browser did not begin to sign in");
    }
    for (const query of ["", "?", "?code=x", "?code=x&state=y"]) {
      await expect(
        people.signIn.fromIssuer({ ...mine, query }, undefined, HOME),
      ).rejects.toThrow("this browser did not begin to sign in");
    }
  });

  it("is not believed with a code of somebody else's", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    issuer.people.set("43", { preferred_username: "bert", groups: ["soc"] });
    const [mine, stolen] = [
      await sentAndBack(people, "42"),
      await sentAndBack(people, "43"),
    ];
    const query = new URLSearchParams(mine.query);
    query.set("code", new URLSearchParams(stolen.query).get("code") ?? "");
    const back = { ...mine, query: `?${query.toString()}` };
    await expect(
      people.signIn.fromIssuer(back, undefined, HOME),
    ).rejects.toThrow("the issuer did not say who you are");
  });

  it("is not believed in another issuer's name", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const mine = await sentAndBack(people, "42");
    const query = new URLSearchParams(mine.query);
    expect(query.get("iss")).toBe(issuer.url);
    query.set("iss", "https://evil.example");
    const back = { ...mine, query: `?${query.toString()}` };
    await expect(
      people.signIn.fromIssuer(back, undefined, HOME),
    ).rejects.toThrow("the issuer did not say who you are");
  });

  it("is told the issuer's code for why not, and none of its words", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    const sent = await people.signIn.toIssuer(NO_ERRAND, HOME);
    const state = new URL(sent.url).searchParams.get("state") ?? "";
    const said = { error: "access_denied", error_description: "call 555" };
    const query = `?${new URLSearchParams({ ...said, state, iss: issuer.url }).toString()}`;
    await expect(
      people.signIn.fromIssuer({ ...sent, query }, undefined, HOME),
    ).rejects.toThrow(/^the issuer did not say who you are: access_denied$/);
  });
});

describe("a step-up at the issuer", () => {
  it("has them show anew who they are, and counts for that session", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    const browser = new Browser();
    const { caller } = await comeIn(people, "42", browser);
    // The issuer may have remembered them.
    expect(caller.steppedUpUntil).toBeNull();
    const back = await sentAndBack(people, "42", stepUpOf(caller), browser);
    await people.signIn.fromIssuer(back, caller, HOME);
    const { steppedUpUntil } = people.signIn.steppedUp(caller);
    expect(steppedUpUntil).toBeGreaterThan(Date.now() + 590_000);
  });

  it("is refused when it was somebody else, or the session is over", async () => {
    await using issuer = await acmesIssuer();
    using people = await staffAt(issuer);
    issuer.people.set("42", { preferred_username: "anna", groups: ["soc"] });
    issuer.people.set("43", { preferred_username: "bert", groups: ["soc"] });
    const { caller } = await comeIn(people, "42");
    const other = await sentAndBack(people, "43", stepUpOf(caller));
    await expect(people.signIn.fromIssuer(other, caller, HOME)).rejects.toThrow(
      "that was somebody else than who is signed in",
    );
    const late = await sentAndBack(people, "42", stepUpOf(caller));
    await expect(
      people.signIn.fromIssuer(late, undefined, HOME),
    ).rejects.toThrow("the session that was to be stepped up is over");
    expect(people.signIn.steppedUp(caller).steppedUpUntil).toBeNull();
  });
});

const NO_ERRAND = { stepUp: null, to: null };

const stepUpOf = ({ credential, operator }: SignedIn["caller"]) => ({
  stepUp: { session: credential, operator },
  to: null,
});

const outside: FetchOutside = (url, init) => fetch(url, init as RequestInit);

const acmesIssuer = (more: Parameters<typeof startIssuer>[1] = {}) =>
  startIssuer(
    {
      ...{ id: "tourniquet", secret: CLIENT_SECRET },
      redirectUri: `${ORIGIN}/api/v1/session/oidc/callback`,
    },
    more,
  );

const staffAt = (
  { url }: Pick<RealIssuer, "url">,
  { orgs = ["acme"] }: { readonly orgs?: readonly string[] } = {},
) =>
  staff({
    ...{ clock: systemClock, fetchOutside: outside, orgs },
    login: {
      oidc: {
        ...{ issuer: url, clientId: "tourniquet" },
        roles: [
          { value: "soc", role: "analyst", org: null },
          { value: "acme", role: "viewer", org: "acme" },
        ],
      },
    },
  });

type SystemStaff = Awaited<ReturnType<typeof staffAt>>;

async function sentAndBack(
  { signIn }: SystemStaff,
  login: string,
  errand: Parameters<SystemStaff["signIn"]["toIssuer"]>[0] = NO_ERRAND,
  browser = new Browser(),
) {
  const sent = await signIn.toIssuer(errand, HOME);
  const { search } = await browser.visit(sent.url, login);
  return { query: search, browser: sent.browser };
}

async function comeIn(
  people: SystemStaff,
  login: string,
  browser = new Browser(),
): Promise<SignedIn> {
  const back = await sentAndBack(people, login, NO_ERRAND, browser);
  const came = await people.signIn.fromIssuer(back, undefined, HOME);
  return came.signedIn!;
}
