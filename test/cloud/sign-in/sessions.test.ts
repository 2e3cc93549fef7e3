import { describe, expect, it } from "@jest/globals";
import { statSync } from "node:fs";
import { hashOf } from "../../../cloud/ids.js";
import { SESSIONS_OF_ONE } from "../../../cloud/sign-in/budgets.js";
import { Sessions, type Beginning } from "../../../cloud/sign-in/sessions.js";
import { HOME, staff, type Staff } from "./staff.js";

const MINUTE = 60_000;

describe("a session", () => {
  it("is known by its secret alone, of which only a hash is kept", async () => {
    using people = await staff();
    const { secret, session } = sessionsOf(people).begin(ANNAS);
    expect(Buffer.from(secret, "base64url")).toHaveLength(32);
    expect(sessionsOf(people).use(secret)).toEqual(session);
    expect(sessionsOf(people).use(session.id)).toBeUndefined();
    const rows = people.accounts.prepare("SELECT * FROM sessions").all();
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(rows).toMatchObject([{ hash: hashOf(secret), id: session.id }]);
    expect(statSync(people.file).mode & 0o777).toBe(0o600);
  });

  it("ends when it is unused for half an hour", async () => {
    using people = await staff();
    const { secret } = sessionsOf(people).begin(ANNAS);
    for (let used = 0; used < 5; used++) {
      await people.clock.advance(29 * MINUTE);
      expect(sessionsOf(people).use(secret)).toBeDefined();
    }
    await people.clock.advance(30 * MINUTE);
    expect(sessionsOf(people).use(secret)).toBeUndefined();
    expect(sessionsOf(people).count()).toBe(0);
  });

  it("ends after twelve hours, however much it is used", async () => {
    using people = await staff();
    const { secret } = sessionsOf(people).begin(ANNAS);
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      await people.clock.advance(20 * MINUTE);
      expect(sessionsOf(people).use(secret)).toBeDefined();
    }
    await people.clock.advance(20 * MINUTE);
    expect(sessionsOf(people).use(secret)).toBeUndefined();
  });

  it("lasts as the settings say", async () => {
    using people = await staff();
    const sessions = new Sessions(
      ...([people.accounts, { idleMinutes: 5, hours: 1 }] as const),
      people.clock,
    );
    const { secret, session } = sessions.begin(ANNAS);
    expect(session.endsAt - session.madeAt).toBe(60 * MINUTE);
    await people.clock.advance(5 * MINUTE);
    expect(sessions.use(secret)).toBeUndefined();
  });

  it("makes room for a newer one of the same operator, the longest unused first", async () => {
    using people = await staff();
    const sessions = sessionsOf(people);
    const others = sessions.begin({ ...ANNAS, operator: "opr-bert" });
    const made = [];
    for (let each = 0; each < SESSIONS_OF_ONE; each++) {
      made.push(sessions.begin(ANNAS));
      await people.clock.advance(1000);
    }
    await people.clock.advance(2 * MINUTE);
    const [first, second] = made;
    expect(sessions.use(first!.secret)).toBeDefined();
    sessions.begin(ANNAS);
    expect(sessions.of("opr-anna")).toHaveLength(SESSIONS_OF_ONE);
    expect(sessions.use(second!.secret)).toBeUndefined();
    expect(sessions.use(first!.secret)).toBeDefined();
    expect(sessions.use(others.secret)).toBeDefined();
  });

  it("goes on while the disk takes no note of its use", async () => {
    using people = await staff();
    const sessions = sessionsOf(people);
    const { secret } = sessions.begin(ANNAS);
    await people.clock.advance(20 * MINUTE);
    people.accounts.pragma("query_only = 1");
    expect(sessions.use(secret)).toBeDefined();
  });

  it("is not used by a page that asks by itself", async () => {
    using people = await staff();
    const sessions = sessionsOf(people);
    const { secret } = sessions.begin(ANNAS);
    for (const _minute of Array.from({ length: 29 })) {
      await people.clock.advance(MINUTE);
      expect(sessions.use(secret, false)).toBeDefined();
    }
    await people.clock.advance(MINUTE);
    expect(sessions.use(secret, false)).toBeUndefined();
  });

  it("outlives the cloud's process", async () => {
    using people = await staff();
    await withPassword(people);
    const { secret } = await people.signIn.byPassword(RIGHT, HOME);
    expect(people.make().bySession(secret, HOME)?.name).toBe("anna");
  });
});

describe("who has a session", () => {
  it("loses it at once when they are disabled", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { secret, caller } = await people.signIn.byPassword(RIGHT, HOME);
    expect(people.signIn.bySession(secret, HOME)).toEqual(caller);
    const gone = { operator: operator.id, disabled: true, by: "first" };
    await people.append({ kind: "operator-changed", ...gone });
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
  });

  it("does not have it back when they are enabled again, used meanwhile or not", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { secret } = await people.signIn.byPassword(RIGHT, HOME);
    const gone = { operator: operator.id, disabled: true, by: "first" };
    await people.append({ kind: "operator-changed", ...gone });
    const back = { ...gone, disabled: false };
    await people.append({ kind: "operator-changed", ...back });
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
  });

  it("loses it even where the disk takes no note of that", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { secret } = await people.signIn.byPassword(RIGHT, HOME);
    const set = (disabled: boolean) =>
      people.append({
        ...{ kind: "operator-changed", operator: operator.id, disabled },
        by: "first",
      });
    people.accounts.pragma("query_only = 1");
    await set(true);
    expect(people.said.at(-1)?.what).toContain("is not forgotten");
    people.accounts.pragma("query_only = 0");
    await set(false);
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
  });

  it("loses it at once when what it began with is revoked", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { secret } = await people.signIn.byPassword(RIGHT, HOME);
    const [password] = people.operators.credentials(operator.id);
    const credential = password!.id;
    await people.append({
      kind: "credential-revoked",
      credential,
      by: "first",
    });
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
  });

  it("may do what their role allows now, and not what it allowed then", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { secret } = await people.signIn.byPassword(RIGHT, HOME);
    await people.append({
      ...{ kind: "operator-changed", operator: operator.id, by: "first" },
      role: "viewer",
    });
    expect(people.signIn.bySession(secret, HOME)?.role).toBe("viewer");
  });

  it("is looked at again while they stay, which is no use of it", async () => {
    using people = await staff();
    const operator = await withPassword(people);
    const { caller } = await people.signIn.byPassword(RIGHT, HOME);
    await people.clock.advance(29 * MINUTE);
    expect(people.signIn.again(caller)).toEqual({
      ...{ ...caller, steppedUpUntil: null },
    });
    const { id } = operator;
    const change = { operator: id, role: "viewer", by: "first" } as const;
    await people.append({ kind: "operator-changed", ...change });
    expect(people.signIn.again(caller)?.role).toBe("viewer");
    await people.clock.advance(MINUTE);
    expect(people.signIn.again(caller)).toBeUndefined();
  });

  it("ends it themselves", async () => {
    using people = await staff();
    await withPassword(people);
    const { secret, caller } = await people.signIn.byPassword(RIGHT, HOME);
    people.signIn.end(caller);
    expect(people.signIn.bySession(secret, HOME)).toBeUndefined();
    expect(people.said.map(({ what }) => what)).toEqual([
      ...["an operator signed in", "an operator signed out"],
    ]);
  });

  it("gets another by each sign-in, whatever the browser had before", async () => {
    using people = await staff();
    await withPassword(people);
    const one = await people.signIn.byPassword(RIGHT, HOME);
    const other = await people.signIn.byPassword(RIGHT, HOME);
    expect(other.secret).not.toBe(one.secret);
    expect(other.session.id).not.toBe(one.session.id);
  });
});

const ANNAS: Beginning = {
  ...{ operator: "opr-anna", way: "password", begunWith: null, place: HOME },
};

const RIGHT = { name: "anna", password: "correct horse battery" };

const sessionsOf = (people: Staff) =>
  new Sessions(people.accounts, { idleMinutes: 30, hours: 12 }, people.clock);

async function withPassword(people: Staff) {
  const operator = await people.joins("anna");
  const caller = people.callerOf("anna");
  await people.signIn.setPassword(operator, RIGHT, caller);
  return operator;
}
