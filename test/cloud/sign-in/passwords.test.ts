import { describe, expect, it } from "@jest/globals";
import { MOST_CREDENTIALS } from "../../../cloud/operators/budgets.js";
import {
  HASHINGS_AT_ONCE,
  HASHINGS_WAITING,
  TRIES_OF_ONE_NAME,
} from "../../../cloud/sign-in/budgets.js";
import { TryLater } from "../../../cloud/sign-in/failures.js";
import { Hashing } from "../../../cloud/sign-in/hashing.js";
import { hashed, matches } from "../../../cloud/sign-in/scrypt.js";
import { Tries } from "../../../cloud/sign-in/tries.js";
import { HOME, staff, type Staff } from "./staff.js";

describe("a password", () => {
  it("is kept as scrypt makes it, and never as it is", async () => {
    const kept = await hashed(PASSWORD);
    expect(kept).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await matches(PASSWORD, kept)).toBe(true);
    expect(await matches(`${PASSWORD}!`, kept)).toBe(false);
    expect(await hashed(PASSWORD)).not.toBe(kept);
  });

  it("is the same by whichever keyboard it is written", async () => {
    const kept = await hashed("Bäckerei Müller");
    const decomposed = "Bäckerei Müller".normalize("NFD");
    expect(await matches(decomposed, kept)).toBe(true);
  });

  it("lets its operator in, and nobody with another", async () => {
    using people = await staff();
    await withPassword(people);
    const signedIn = await people.signIn.byPassword(
      { name: "ANNA", password: PASSWORD },
      HOME,
    );
    expect(signedIn.caller).toMatchObject({
      ...{ name: "anna", role: "admin", from: HOME },
      steppedUpUntil: people.clock.now() + 600_000,
    });
    await expect(tryAt(people, "anna", "wrong horse battery")).rejects.toThrow(
      WRONG,
    );
    expect(people.signIn.report()).toMatchObject({
      ...{ open: 1, signIns: { password: 1 }, refused: 1 },
    });
    expect(people.dropped).toEqual(["sign-ins-refused"]);
  });

  it("is refused for who has none, is unknown or disabled, in the same words", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    await people.joins("bert");
    for (const name of ["bert", "nobody", "opr-anna", ""]) {
      await expect(tryAt(people, name)).rejects.toThrow(WRONG);
    }
    const gone = { operator: operator.id, disabled: true, by: "first" };
    await people.append({ kind: "operator-changed", ...gone });
    await expect(tryAt(people, "anna")).rejects.toThrow(WRONG);
  });

  it("takes as long to refuse whether or not there is somebody of the name", async () => {
    using people = await staff();
    await withPassword(people);
    const known = await millisecondsOf(() => tryAt(people, "anna", "no"));
    const unknown = await millisecondsOf(() => tryAt(people, "nobody", "no"));
    // A comparison without a hash takes less than a thousandth of that.
    expect(unknown / known).toBeGreaterThan(0.2);
    expect(known / unknown).toBeGreaterThan(0.2);
  });

  it("does not stay good when another is set, nor do sessions that it began", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const other = await people.signIn.byPassword(RIGHT, HOME);
    const own = await people.signIn.byPassword(RIGHT, HOME);
    await people.signIn.setPassword(
      operator,
      { password: "another horse entirely", old: PASSWORD },
      own.caller,
    );
    await expect(tryAt(people, "anna")).rejects.toThrow(WRONG);
    expect(people.signIn.bySession(other.secret, HOME)).toBeUndefined();
    expect(people.signIn.bySession(own.secret, HOME)?.name).toBe("anna");
    const again = await tryAt(people, "anna", "another horse entirely");
    expect(again.caller.name).toBe("anna");
    expect(
      people.accounts.prepare("SELECT * FROM passwords").all(),
    ).toHaveLength(1);
  });

  it("is not kept once it is revoked", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const kept = () => people.accounts.prepare("SELECT * FROM passwords").all();
    expect(kept()).toHaveLength(1);
    const [{ id: credential } = { id: "" }] = people.operators
      .credentials(operator.id)
      .filter(({ of }) => of === "password");
    await people.append({
      ...{ kind: "credential-revoked", credential, by: "first" },
    });
    expect(kept()).toEqual([]);
  });

  it("is not changed with a wrong old one", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { caller } = await people.signIn.byPassword(RIGHT, HOME);
    const order = { password: "another horse entirely", old: "wrong one here" };
    await expect(
      people.signIn.setPassword(operator, order, caller),
    ).rejects.toThrow(WRONG);
    expect((await tryAt(people, "anna")).caller.name).toBe("anna");
  });

  it("that an admin sets leaves the admin's own session as it is", async () => {
    using people = await staff();
    await withPassword(people);
    const admin = await people.signIn.byPassword(RIGHT, HOME);
    const bert = await people.joins("bert", { role: "viewer" });
    await people.signIn.setPassword(bert, RIGHT, admin.caller);
    expect(people.signIn.bySession(admin.secret, HOME)?.name).toBe("anna");
    expect((await tryAt(people, "bert")).caller.role).toBe("viewer");
  });

  it("is not set for whoever was moved out of reach while it was hashed", async () => {
    using people = await staff({ orgs: ["acme", "globex"] });
    await people.joins("boss", { org: "acme" });
    const mate = await people.joins("mate", { role: "viewer", org: "acme" });
    const caller = people.callerOf("boss");
    const set = people.signIn.setPassword(mate, { password: PASSWORD }, caller);
    await people.append({
      ...{ kind: "operator-changed", operator: mate.id, org: "globex" },
      by: "first",
    });
    await expect(set).rejects.toMatchObject({ code: "unknown" });
    await expect(tryAt(people, "mate")).rejects.toThrow(WRONG);
  });

  it("is not set by who was sent away while it was hashed", async () => {
    using people = await staff();
    await people.joins("boss");
    const mate = await people.joins("mate");
    const caller = people.callerOf("boss");
    const { credential } = caller;
    const set = people.signIn.setPassword(mate, { password: PASSWORD }, caller);
    await people.append({
      ...{ kind: "credential-revoked", credential, by: "first" },
    });
    await expect(set).rejects.toThrow("what you came with counts no more");
    await expect(tryAt(people, "mate")).rejects.toThrow(WRONG);
  });

  it("is not set where there is no room, unless it takes the place of another", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const caller = people.callerOf("anna");
    const tokens = Array.from({ length: MOST_CREDENTIALS - 2 }, (_, each) =>
      people.tokenFor("anna", `tok-${each}`),
    );
    await people.append(...tokens);
    const set = () =>
      people.signIn.setPassword(operator, { password: PASSWORD }, caller);
    expect(await set()).toMatch(/^pwd-/);
    const [password] = people.operators
      .credentials(operator.id)
      .filter(({ of }) => of === "password");
    await people.append(
      { kind: "credential-revoked", credential: password!.id, by: "first" },
      people.tokenFor("anna", "tok-more"),
    );
    await expect(set()).rejects.toMatchObject({ code: "full" });
  });

  it.each([
    ["eleven char", "at least 12 characters, and this one 11"],
    ["x".repeat(257), "at most 256 characters, and this one 257"],
    ["aaaabbbbaaaa", "at least 5 different characters"],
  ])("is not set when it would not do: %.20s", async (password, why) => {
    using people = await staff();
    const operator = await people.joins("anna");
    const caller = people.callerOf("anna");
    await expect(
      people.signIn.setPassword(operator, { password }, caller),
    ).rejects.toThrow(why);
    expect(people.events()).toHaveLength(1);
  });

  it("is in the record as a credential, without anything to guess it by", async () => {
    using people = await staff();
    await withPassword(people);
    const [, added] = people.events();
    expect(added).toEqual({
      ...{ kind: "credential-added", operator: "opr-anna", of: "password" },
      ...{ credential: expect.stringMatching(/^pwd-/), label: "password" },
      ...{ expiresAt: null, by: "anna" },
    });
  });
});

describe("tries of passwords", () => {
  it("are taken at a rate for each place, which says when", async () => {
    using people = await staff();
    const tries = new Tries(people.accounts, people.clock);
    for (let each = 0; each < 10; each++) {
      tries.take({ operator: undefined, called: `name ${each}`, from: HOME });
    }
    const next = { operator: undefined, called: "another", from: HOME };
    expect(() => tries.take(next)).toThrow(TryLater);
    expect(laterThan(() => tries.take(next))).toBeCloseTo(10_000, -2);
    await people.clock.advance(10_000);
    expect(() => tries.take(next)).not.toThrow();
  });

  it("are taken at a rate for each name, from wherever they come", async () => {
    using people = await staff();
    const tries = new Tries(people.accounts, people.clock);
    const from = (each: number) => `198.51.${each}.1`;
    const { burst } = TRIES_OF_ONE_NAME;
    for (let each = 0; each < burst; each++) {
      tries.take({ operator: "opr-anna", called: "anna", from: from(each) });
    }
    const next = { operator: "opr-anna", called: "anna", from: from(burst) };
    expect(laterThan(() => tries.take(next))).toBeCloseTo(30_000, -2);
  });

  it("of strangers do not keep out who signed in from there before", async () => {
    using people = await staff();
    const tries = new Tries(people.accounts, people.clock);
    tries.succeeded("opr-anna", HOME);
    const attempts = Array.from(
      { length: 300 },
      (_, each) => () =>
        tries.take({
          ...{ operator: "opr-anna", called: "anna" },
          from: `198.51.${each % 250}.1`,
        }),
    );
    const refused = attempts.filter((attempt) => laterThan(attempt) > 0);
    expect(refused.length).toBeGreaterThan(200);
    const hers = { operator: "opr-anna", called: "anna", from: HOME };
    expect(() => tries.take(hers)).not.toThrow();
    // The place is known for her alone.
    const others = { operator: "opr-bert", called: "anna", from: HOME };
    expect(() => tries.take(others)).toThrow(TryLater);
  });

  it("that are too many are counted, and looked at by nobody", async () => {
    using people = await staff();
    await withPassword(people);
    const all = await Promise.allSettled(
      Array.from({ length: 14 }, (_, each) =>
        tryAt(people, `nobody ${each}`, "no"),
      ),
    );
    const late = all.filter(
      ({ status, ...rest }) =>
        status === "rejected" &&
        "reason" in rest &&
        rest.reason instanceof TryLater,
    );
    // Ten may try at once, of whom six have a place to wait at.
    expect(late.length).toBeGreaterThanOrEqual(4);
    expect(people.signIn.report().tooMany).toBe(late.length);
    expect(people.dropped).toContain("sign-ins-too-many");
  });
});

describe("hashing", () => {
  it("lets the party with the most make room, and keeps the others", async () => {
    const hashing = new Hashing();
    const { ofOne } = HASHINGS_WAITING;
    const mine = Array.from({ length: HASHINGS_AT_ONCE + ofOne + 1 }, () =>
      hashing.hash("some password", "a flood"),
    );
    const settled = Promise.allSettled(mine);
    const others = hashing.matches("some password", undefined, "somebody");
    expect(hashing.waiting).toBe(ofOne + 1);
    expect(await others).toBe(false);
    const outcomes = (await settled).map(({ status }) => status);
    expect(outcomes.filter((each) => each === "rejected")).toHaveLength(1);
    expect(hashing.waiting).toBe(0);
  });
});

const PASSWORD = "correct horse battery";
const RIGHT = { name: "anna", password: PASSWORD };
const WRONG = "the name or the password is wrong";

async function withPassword(people: Staff) {
  const operator = await people.joins("anna");
  const caller = people.callerOf("anna");
  await people.signIn.setPassword(operator, { password: PASSWORD }, caller);
  return operator;
}

const tryAt = (people: Staff, name: string, password = PASSWORD) =>
  people.signIn.byPassword({ name, password }, HOME);

async function millisecondsOf(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await act().catch(() => undefined);
  return performance.now() - begun;
}

/** How long one has to wait; 0: not at all. */
function laterThan(act: () => void): number {
  try {
    act();
    return 0;
  } catch (error) {
    if (error instanceof TryLater) return error.afterMs;
    throw error;
  }
}
