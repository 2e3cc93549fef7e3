import { describe, expect, it } from "@jest/globals";
import { MOST_CREDENTIALS } from "../../../cloud/operators/budgets.js";
import { UNDER_WAY, UNDER_WAY_MS } from "../../../cloud/sign-in/budgets.js";
import { UnderWay } from "../../../cloud/sign-in/under-way.js";
import {
  Authenticator,
  type Quirks,
} from "../../support/cloud/authenticator.js";
import { ManualClock } from "../../support/time/clock.js";
import { HOME, ORIGIN, staff, type Staff } from "./staff.js";

describe("a passkey", () => {
  it("signs its operator in, without a name", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const asked = await people.signIn.passkeyOptions(HOME);
    expect(asked).toMatchObject({
      ...{ rpId: "cloud.example", userVerification: "required" },
      allowCredentials: [],
    });
    const { caller, session } = await people.signIn.byPasskey(
      passkey.get(asked),
      HOME,
    );
    expect(caller).toMatchObject({ name: "anna", credential: session.id });
    expect(caller.steppedUpUntil).toBe(people.clock.now() + 600_000);
    expect(session.way).toBe("passkey");
  });

  it("is asked for as one that stays, that knows its user, and that tells nothing of its maker", async () => {
    using people = await staff();
    const operator = await people.joins("anna");
    expect(await people.signIn.newPasskey(operator)).toMatchObject({
      ...{ rp: { id: "cloud.example", name: "example" } },
      ...{ attestation: "none", user: { name: "anna" } },
      authenticatorSelection: {
        ...{ residentKey: "required", userVerification: "required" },
      },
    });
  });

  it("is in the record with its public side alone", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    expect(people.events()[1]).toEqual({
      ...{ kind: "credential-added", operator: "opr-anna", of: "passkey" },
      ...{ credential: expect.stringMatching(/^key-/), label: "laptop" },
      passkey: {
        id: passkey.id.toString("base64url"),
        publicKey: expect.any(String),
        transports: ["internal"],
      },
      ...{ expiresAt: null, by: "anna" },
    });
  });

  it.each<[string, Quirks]>([
    ["of another page", { origin: "https://cloud.example.evil" }],
    ["of a page in the clear", { origin: "http://cloud.example" }],
    ["for another host", { rpId: "evil.example" }],
    ["without its user", { verified: false }],
    [
      "of somebody else",
      { userHandle: Buffer.from("opr-b").toString("base64url") },
    ],
    ["to another challenge", { challenge: "AAAA" }],
  ])("is refused with an answer %s", async (_, quirks) => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const asked = await people.signIn.passkeyOptions(HOME);
    const shown = passkey.get(asked, quirks);
    await expect(people.signIn.byPasskey(shown, HOME)).rejects.toThrow(
      /^the passkey /,
    );
    expect(people.signIn.report()).toMatchObject({ open: 0, refused: 1 });
  });

  it("is refused with a signature of another key", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const thief = new Authenticator(ORIGIN);
    const asked = await people.signIn.passkeyOptions(HOME);
    const [right, wrong] = [passkey.get(asked), thief.get(asked)];
    const response = { ...right.response, signature: wrong.response.signature };
    await expect(
      people.signIn.byPasskey({ ...right, response }, HOME),
    ).rejects.toThrow("does not prove");
  });

  it("answers each challenge once, and within ten minutes", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const asked = await people.signIn.passkeyOptions(HOME);
    const shown = passkey.get(asked);
    await people.signIn.byPasskey(shown, HOME);
    await expect(people.signIn.byPasskey(shown, HOME)).rejects.toThrow(
      "answers nothing that was asked",
    );
    const late = passkey.get(await people.signIn.passkeyOptions(HOME));
    await people.clock.advance(UNDER_WAY_MS);
    await expect(people.signIn.byPasskey(late, HOME)).rejects.toThrow(
      "answers nothing that was asked",
    );
  });

  it("is refused, and told of, when it counts back", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const show = async (quirks: Quirks = {}) => {
      const asked = await people.signIn.passkeyOptions(HOME);
      return people.signIn.byPasskey(passkey.get(asked, quirks), HOME);
    };
    await show({ counter: 7 });
    await expect(show({ counter: 7 })).rejects.toThrow("does not prove");
    await expect(show({ counter: 0 })).rejects.toThrow("does not prove");
    expect(people.said.at(-1)).toMatchObject({
      what: "a passkey counted back: there may be two of it",
      fields: { operator: "opr-anna" },
    });
    expect((await show({ counter: 8 })).caller.name).toBe("anna");
  });

  it("that never counts is good as it is", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    for (const counter of [0, 0]) {
      const asked = await people.signIn.passkeyOptions(HOME);
      const shown = passkey.get(asked, { counter });
      await people.signIn.byPasskey(shown, HOME);
    }
    expect(people.signIn.report().open).toBe(2);
  });

  it("is no more once it is revoked, or its operator disabled", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const [credential] = people.operators.credentials("opr-anna");
    const asked = await people.signIn.passkeyOptions(HOME);
    await people.append({
      ...{ kind: "credential-revoked", by: "first" },
      credential: credential!.id,
    });
    await expect(
      people.signIn.byPasskey(passkey.get(asked), HOME),
    ).rejects.toThrow("does not prove");
  });

  it("steps a caller up, whose own it has to be", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const bert = await people.joins("bert");
    const berts = await withPasskey(people, bert);
    const caller = people.callerOf("anna");
    const ask = () => people.signIn.passkeyOptionsFor(caller);
    const step = async (own: Authenticator) =>
      people.signIn.stepUp(caller, { passkey: own.get(await ask()) });
    await expect(step(berts)).rejects.toThrow("does not prove");
    expect(people.signIn.steppedUp(caller).steppedUpUntil).toBeNull();
    const until = await step(passkey);
    expect(until).toBe(people.clock.now() + 600_000);
    expect(people.signIn.steppedUp(caller).steppedUpUntil).toBe(until);
    const [id] = (await ask()).allowCredentials ?? [];
    expect(id?.id).toBe(passkey.id.toString("base64url"));
    await people.clock.advance(600_000);
    expect(people.signIn.steppedUp(caller).steppedUpUntil).toBeNull();
  });

  it("that was shown to sign in does not step anybody up", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const caller = people.callerOf("anna");
    const shown = passkey.get(await people.signIn.passkeyOptions(HOME));
    await expect(
      people.signIn.stepUp(caller, { passkey: shown }),
    ).rejects.toThrow("answers nothing that was asked");
  });
});

describe("a passkey that is made", () => {
  it("is taken once, and from whom it was asked of", async () => {
    using people = await staff();
    const anna = await people.joins("anna");
    await people.joins("bert");
    const made = new Authenticator(ORIGIN).create(
      await people.signIn.newPasskey(anna),
    );
    await expect(
      people.signIn.addPasskey(people.callerOf("bert"), made, ""),
    ).rejects.toThrow("answers nothing that was asked");
    await expect(
      people.signIn.addPasskey(people.callerOf("anna"), made, ""),
    ).rejects.toThrow("answers nothing that was asked");
    expect(people.operators.credentials(anna.id)).toMatchObject([
      { of: "token" },
    ]);
  });

  it.each<[string, Quirks]>([
    ["for another page", { origin: "https://evil.example" }],
    ["for another host", { rpId: "evil.example" }],
    ["without its user", { verified: false }],
  ])("is refused when it was made %s", async (_, quirks) => {
    using people = await staff();
    const operator = await people.joins("anna");
    const caller = people.callerOf("anna");
    const asked = await people.signIn.newPasskey(operator);
    const made = new Authenticator(ORIGIN).create(asked, quirks);
    await expect(people.signIn.addPasskey(caller, made, "")).rejects.toThrow(
      "does not prove",
    );
  });

  it("is nobody else's, too", async () => {
    using people = await staff();
    const passkey = await withPasskey(people);
    const bert = await people.joins("bert");
    const again = passkey.create(await people.signIn.newPasskey(bert));
    await expect(
      people.signIn.addPasskey(people.callerOf("bert"), again, ""),
    ).rejects.toThrow("is there already");
  });

  it("is not taken where there is no room, and from nobody who was sent away", async () => {
    using people = await staff();
    const operator = await people.joins("anna");
    const caller = people.callerOf("anna");
    const add = async () => {
      const asked = await people.signIn.newPasskey(operator);
      const made = new Authenticator(ORIGIN).create(asked);
      return people.signIn.addPasskey(caller, made, "");
    };
    const more = MOST_CREDENTIALS - 1;
    const tokens = Array.from({ length: more }, (_, each) =>
      people.tokenFor("anna", `tok-${each}`),
    );
    await people.append(...tokens);
    await expect(add()).rejects.toMatchObject({ code: "full" });
    await people.append({
      ...{ kind: "credential-revoked", credential: "tok-0", by: "first" },
    });
    expect(await add()).toMatch(/^key-/);
    await people.append({
      ...{ kind: "operator-changed", operator: operator.id, disabled: true },
      by: "first",
    });
    await expect(add()).rejects.toThrow("counts no more");
  });

  it("is refused whatever bytes it is made of", async () => {
    using people = await staff();
    const operator = await people.joins("anna");
    for (const attestationObject of ["", "AAAA", "oWNmbXRkbm9uZQ", "_____w"]) {
      const caller = people.callerOf("anna");
      const asked = await people.signIn.newPasskey(operator);
      const made = new Authenticator(ORIGIN).create(asked);
      const response = { ...made.response, attestationObject };
      await expect(
        people.signIn.addPasskey(caller, { ...made, response }, ""),
      ).rejects.toThrow("does not prove");
    }
  });
});

describe("what is under way", () => {
  it("is bounded, and who has most makes room", () => {
    const underWay = new UnderWay<string>(new ManualClock());
    underWay.begin("mine", "me", "192.0.2");
    for (let each = 0; each <= UNDER_WAY.ofOne; each++) {
      underWay.begin(`theirs ${each}`, "them", "198.51.100");
    }
    expect(underWay.size).toBe(UNDER_WAY.ofOne + 1);
    expect(underWay.take("theirs 0")).toBeUndefined();
    expect(underWay.take("mine")).toBe("me");
    expect(underWay.take("mine")).toBeUndefined();
  });

  it("is forgotten once it is too late", async () => {
    const clock = new ManualClock();
    const underWay = new UnderWay<string>(clock);
    underWay.begin("old", "me", "192.0.2");
    await clock.advance(UNDER_WAY_MS);
    underWay.begin("new", "me", "192.0.2");
    expect(underWay.size).toBe(1);
  });
});

async function withPasskey(people: Staff, of?: { readonly name: string }) {
  const operator =
    people.operators.operator(of?.name ?? "anna") ??
    (await people.joins("anna"));
  const caller = people.callerOf(operator.name);
  const passkey = new Authenticator(ORIGIN);
  const asked = await people.signIn.newPasskey(operator);
  await people.signIn.addPasskey(caller, passkey.create(asked), "laptop");
  return passkey;
}
