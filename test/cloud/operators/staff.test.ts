import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type {
  CredentialAdded,
  OperatorJoined,
} from "../../../cloud/journal/operator-events.js";
import {
  MOST_CREDENTIALS,
  MOST_OPERATORS,
} from "../../../cloud/operators/budgets.js";
import { callerOf, type Caller } from "../../../cloud/operators/caller.js";
import { Operators } from "../../../cloud/operators/operators.js";
import { operatorTables } from "../../../cloud/operators/operators.projection.js";
import { Staff, type Joining } from "../../../cloud/operators/staff.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";

describe("staff", () => {
  it("gives one name to one of those who ask for it at once", async () => {
    await using world = await openStaff();
    const by = world.caller("one");
    const asked = Array.from({ length: 8 }, () =>
      world.staff.add({ ...VIEWER, name: "anna" }, by),
    );
    expect(await codesOf(asked)).toEqual([
      "done",
      ...Array<string>(7).fill("exists"),
    ]);
  });

  it("leaves one of two admins who disable each other at once", async () => {
    await using world = await openStaff();
    const { staff, caller, operators } = world;
    const asked = [
      staff.change("opr-one", { disabled: true }, caller("two")),
      staff.change("opr-two", { disabled: true }, caller("one")),
    ];
    expect(await codesOf(asked)).toEqual(["done", "last-admin"]);
    expect(operators.admins()).toHaveLength(1);
  });

  it.each<[string, Partial<CredentialAdded>]>([
    ["a token that may do less", { role: "viewer" }],
    ["a token that runs out", { expiresAt: Date.now() + 60_000 }],
  ])("leaves an admin with more of a way in than %s", async (_, more) => {
    await using world = await openStaff();
    const { staff, caller, decide } = world;
    const lesser = { ...tokenOf("two"), credential: "tok-less", ...more };
    await decide({ ...lesser, tokenHash: "another" });
    await staff.revoke("tok-two", "", caller("one"));
    const gone = { disabled: true };
    const last = staff.change("opr-one", gone, caller("two"));
    await expect(last).rejects.toMatchObject({ code: "last-admin" });
    const own = staff.revoke("tok-one", "", caller("one"));
    await expect(own).rejects.toMatchObject({ code: "last-admin" });
    await staff.revoke("tok-less", "", caller("one"));
  });

  it("leaves an admin whose issuer is the one of this cloud", async () => {
    await using world = await openStaff();
    const { staff, caller, decide } = world;
    await staff.revoke("tok-two", "", caller("one"));
    const disabled = () =>
      staff.change("opr-one", { disabled: true }, caller("one"));
    const from = (issuer: string) => ({ issuer, subject: "42" });
    await decide({ ...joined("three"), subject: from("https://old.example") });
    await expect(disabled()).rejects.toMatchObject({ code: "last-admin" });
    await decide({ ...joined("four"), subject: from(HERE) });
    expect((await disabled()).disabledAt).not.toBeNull();
  });

  it("has room for so many credentials of one operator", async () => {
    await using world = await openStaff();
    const { staff, caller } = world;
    const expiresAt = Date.now() + 60_000;
    const terms = { label: "", expiresAt };
    const more = MOST_CREDENTIALS - 1;
    for (let n = 0; n < more; n++) {
      await staff.makeToken("opr-one", terms, caller("one"));
    }
    const [first] = world.operators.credentials("opr-one");
    const full = staff.makeToken("opr-one", terms, caller("one"));
    await expect(full).rejects.toMatchObject({ code: "full" });
    await staff.revoke(first!.id, "", caller("one"));
    await staff.makeToken("opr-one", terms, caller("one"));
  });

  it("has room for so many operators, disabled ones among them", async () => {
    await using world = await openStaff();
    const { decide, staff, caller } = world;
    const known = world.operators.count();
    const others = Array.from({ length: MOST_OPERATORS - known - 1 }, (_, n) =>
      joined(`extra ${n}`),
    );
    await decide(...others);
    const by = caller("one");
    await staff.add({ ...VIEWER, name: "the last" }, by);
    await staff.change("the last", { disabled: true }, by);
    const full = staff.add({ ...VIEWER, name: "one more" }, by);
    await expect(full).rejects.toMatchObject({ code: "full" });
  });

  it("names those who were called so, where several are disabled", async () => {
    await using world = await openStaff();
    const { staff, caller } = world;
    const by = caller("one");
    const ids: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { id } = await staff.add({ ...VIEWER, name: "anna" }, by);
      ids.push(id);
      await staff.change(id, { disabled: true }, by);
    }
    const which = staff.change("anna", { disabled: false }, by);
    await expect(which).rejects.toMatchObject({ code: "ambiguous" });
    await expect(which).rejects.toThrow(ids[1]);
    await staff.change(ids[0]!, { disabled: false }, by);
    expect(staff.visible("anna", by).id).toBe(ids[0]);
  });

  it("takes bounds away with the role that they belong to", async () => {
    await using world = await openStaff();
    const { staff, caller } = world;
    const by = caller("one");
    const limits = { perMinute: 1, widestV4: 32, widestV6: 64, longestS: 60 };
    const bot = { ...VIEWER, name: "bot", role: "actuator", limits } as const;
    const { id } = await staff.add(bot, by);
    expect(await staff.change(id, { role: "viewer" }, by)).toMatchObject({
      limits: null,
    });
    const back = staff.change(id, { role: "actuator" }, by);
    await expect(back).rejects.toMatchObject({ field: "limits" });
  });
});

const VIEWER: Omit<Joining, "name"> = {
  ...{ role: "viewer", org: null, limits: null, collection: null },
};

const HERE = "https://issuer.example";

/** What became of each; those that went well come first. */
async function codesOf(asked: readonly Promise<unknown>[]) {
  const settled = await Promise.allSettled(asked);
  return settled
    .map((each) =>
      each.status === "fulfilled"
        ? "done"
        : (each.reason as { code: string }).code,
    )
    .sort();
}

/** A log with two admins of the vendor, each with a token. */
async function openStaff() {
  const folder = temporaryFolder();
  const logs = await openLogs(folder.path, { ofDecisions: [operatorTables] });
  await logs.decide(
    joined("one"),
    joined("two"),
    tokenOf("one"),
    tokenOf("two"),
  );
  const clock = systemClock;
  const operators = new Operators(logs.views, { clock });
  const { decisions, decide } = logs;
  const known = {
    ...{ hasOrg: () => false, hasFeed: () => false },
    canSignInAt: (issuer: string) => issuer === HERE,
  };
  return {
    ...{ decide, operators },
    staff: new Staff({ decisions, operators, clock, ...known }),
    caller: (name: string): Caller =>
      callerOf(operators.byId(`opr-${name}`)!, {
        ...{ credential: `tok-${name}`, from: "socket", steppedUpUntil: null },
      }),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const joined = (name: string): OperatorJoined => ({
  ...{ kind: "operator-joined", operator: `opr-${name}`, name },
  ...{ role: "admin", org: null, by: "init" },
});

const tokenOf = (name: string): CredentialAdded => ({
  ...{ kind: "credential-added", operator: `opr-${name}`, of: "token" },
  ...{ credential: `tok-${name}`, label: "", tokenHash: name },
  ...{ expiresAt: null, by: "init" },
});
