import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Caller } from "../../../cloud/operators/caller.js";
import { ROLES, type Role } from "../../../cloud/operators/roles.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { sharedCloud } from "../../support/cloud/shared-cloud.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  type Person,
} from "../../support/cloud/people.js";

const LIMITS = { perMinute: 5, widestV4: 32, widestV6: 64, longestS: 3600 };

/** What a role needs beside its name. */
const boundsOf = (role: Role): object => ({
  ...(role === "actuator" && { limits: LIMITS }),
  ...(role === "partner" && { collection: "reputation" }),
});

describe("what each role may do to operators", () => {
  const people = new Map<string, Person>();
  const who = (name: string): Person => people.get(name)!;
  let cloud: TestCloud;

  beforeAll(async () => {
    cloud = await startTestCloud();
    for (const name of ["acme", "globex"]) await cloud.addOrg(name);
    for (const org of [null, "acme"]) {
      for (const role of ROLES) {
        const name = `${org ?? "vendor"} ${role}`;
        const joining = { name, role, org, ...boundsOf(role) };
        people.set(name, await letIn(cloud, joining));
      }
    }
    for (const [name, org] of TARGETS) {
      people.set(name, await letIn(cloud, { name, role: "viewer", org }));
    }
  });
  afterAll(() => cloud[Symbol.asyncDispose]());

  const TARGETS = [
    ["ours", null],
    ["theirs", "acme"],
    ["foreign", "globex"],
  ] as const;

  /** Of targets ours, theirs and foreign: what each kind of caller is answered. */
  const TABLE = [
    ["vendor partner", { see: [403, 403, 403], steer: [403, 403, 403] }],
    ["vendor viewer", { see: [200, 200, 200], steer: [403, 403, 403] }],
    ["vendor actuator", { see: [200, 200, 200], steer: [403, 403, 403] }],
    ["vendor analyst", { see: [200, 200, 200], steer: [403, 403, 403] }],
    ["vendor approver", { see: [200, 200, 200], steer: [403, 403, 403] }],
    ["vendor admin", { see: [200, 200, 200], steer: [200, 200, 200] }],
    ["acme partner", { see: [403, 403, 403], steer: [403, 403, 403] }],
    ["acme viewer", { see: [404, 200, 404], steer: [404, 403, 404] }],
    ["acme actuator", { see: [404, 200, 404], steer: [404, 403, 404] }],
    ["acme analyst", { see: [404, 200, 404], steer: [404, 403, 404] }],
    ["acme approver", { see: [404, 200, 404], steer: [404, 403, 404] }],
    ["acme admin", { see: [404, 200, 404], steer: [404, 200, 404] }],
  ] as const;

  it.each(TABLE)("%s", async (name, { see, steer }) => {
    const ask = (...asked: [string, string, unknown?]) =>
      askAtDoor<{ id: string }>(cloud, who(name).token, asked);
    const seen: number[] = [];
    const changed: number[] = [];
    const steered: number[] = [];
    for (const [target] of TARGETS) {
      const { id } = who(target);
      const shown = await ask("GET", `/operators/${id}`);
      const listed = await ask("GET", `/operators/${target}/credentials`);
      expect(listed.status).toBe(shown.status);
      seen.push(shown.status);
      const reason = { disabled: false, reason: "as it was" };
      const answer = await ask("PATCH", `/operators/${id}`, reason);
      changed.push(answer.status);
      const made = await ask("POST", `/operators/${id}/tokens`);
      const isMade = made.status === 201;
      const credential = isMade ? made.body.id : who(target).credential;
      const revoked = await ask("DELETE", `/credentials/${credential}`);
      // Making one answers 201 where revoking it answers 200.
      expect(isMade ? 200 : made.status).toBe(revoked.status);
      steered.push(revoked.status);
    }
    expect(seen).toEqual(see);
    expect(steered).toEqual(steer);
    // Who is no admin is not asked whom it is about.
    const isAdmin = name.endsWith("admin");
    expect(changed).toEqual(isAdmin ? steer : [403, 403, 403]);
  });

  const NAMES = TABLE.map(([name]) => name);

  it.each(NAMES)("%s makes tokens for themselves", async (name) => {
    const { id, token } = who(name);
    const order = ["POST", `/operators/${id}/tokens`, {}] as const;
    const { status } = await askAtDoor(cloud, token, order);
    expect(status).toBe(name.endsWith("partner") ? 403 : 201);
  });

  it.each(NAMES)("%s sees in the list who is there for them", async (name) => {
    type Page = { items: { name: string; org: string | null }[] };
    const asked = ["GET", "/operators"] as const;
    const { status, body } = await askAtDoor<Page>(
      ...([cloud, who(name).token, asked] as const),
    );
    if (name.endsWith("partner")) {
      expect(status).toBe(403);
      return;
    }
    const orgs = new Set(body.items.map(({ org }) => org));
    const all = [null, "acme", "globex"];
    expect([...orgs]).toEqual(name.startsWith("acme") ? ["acme"] : all);
  });

  it("an org's admin lets people into the own org, and nowhere else", async () => {
    const add = async (more: object) => {
      const order = { name: `new ${JSON.stringify(more).length}`, ...more };
      const asked = [
        "POST",
        "/operators",
        { role: "viewer", ...order },
      ] as const;
      const { token } = who("acme admin");
      const { status, body } = await askAtDoor<Caller>(cloud, token, asked);
      return [status, body.org] as const;
    };
    expect(await add({ name: "by default" })).toEqual([201, "acme"]);
    expect(await add({ name: "said", org: "acme" })).toEqual([201, "acme"]);
    expect((await add({ name: "abroad", org: "globex" }))[0]).toBe(404);
    expect((await add({ name: "nobody's", org: "nobody" }))[0]).toBe(404);
    expect((await add({ name: "vendor's", org: null }))[0]).toBe(403);
  });

  it.each([
    ["acme viewer", null, 403],
    ["acme viewer", "globex", 404],
    ["acme admin", null, 403],
    ["acme admin", "globex", 404],
  ] as const)(
    "an org's admin does not move %s to %s",
    async (name, org, expected) => {
      const { token } = who("acme admin");
      const path = `/operators/${who(name).id}`;
      const asked = ["PATCH", path, { org }] as const;
      const { status } = await askAtDoor(cloud, token, asked);
      expect(status).toBe(expected);
    },
  );

  it("a foreign operator is answered as an unknown one", async () => {
    const { token } = who("acme admin");
    const ask = async (id: string) => {
      const asked = ["GET", `/operators/${id}`] as const;
      return JSON.stringify(await askAtDoor(cloud, token, asked));
    };
    const { id } = who("foreign");
    const unknown = await ask("opr-0000000000000000");
    expect(await ask(id)).toBe(unknown.replaceAll("opr-0000000000000000", id));
    expect(await ask("foreign")).toContain("there is no operator foreign");
  });

  it("a token of an admin's that is an analyst's makes no admin's", async () => {
    const { id, token } = who("vendor admin");
    const make = (by: string, role?: Role) =>
      askAtDoor<{ token: string; role: Role | null }>(cloud, by, [
        ...(["POST", `/operators/${id}/tokens`] as const),
        role === undefined ? {} : { role },
      ]);
    const less = await make(token, "analyst");
    expect(less).toMatchObject({ status: 201, body: { role: "analyst" } });
    expect((await make(less.body.token, "admin")).status).toBe(403);
    expect(await make(less.body.token)).toMatchObject({
      ...{ status: 201, body: { role: "analyst" } },
    });
  });
});

describe("a cloud's first operator", () => {
  it("is an admin of everything, with the token in the cloud's folder", async () => {
    await using cloud = await startTestCloud();
    const asked = ["GET", "/me"] as const;
    const { body } = await askAsOperator<Caller>(cloud, cloud.operator, asked);
    expect(body).toMatchObject({ name: "admin", role: "admin", org: null });
    const { operator: id } = body;
    const path = `/operators/${id}/credentials`;
    const its = await askAsOperator(cloud, cloud.operator, ["GET", path]);
    expect(its.body).toMatchObject({
      items: [{ of: "token", label: "operator.token", expiresAt: null }],
    });
  });
});

describe("an operator's changes", () => {
  const shared = sharedCloud();

  it("need a step-up, which the public door has not", async () => {
    await using cloud = await startTestCloud();
    const order = { name: "anna", role: "viewer" };
    const asked = ["POST", "/operators", order] as const;
    const refused = await askAsOperator(cloud, cloud.operator, asked);
    expect(refused).toMatchObject({
      ...{ status: 403, body: { code: "step-up-needed" } },
    });
    const taken = await askAtDoor(cloud, cloud.operator, asked);
    expect(taken.status).toBe(201);
  });

  it("count at once: a revoked token is nobody's with the next request", async () => {
    await using cloud = await startTestCloud();
    const anna = await letIn(cloud, { name: "anna", role: "admin" });
    const me = () => askAsOperator<Caller>(cloud, anna.token, ["GET", "/me"]);
    expect(await me()).toMatchObject({
      status: 200,
      body: { operator: anna.id, name: "anna", credential: anna.credential },
    });
    await askAtDoor(cloud, cloud.operator, [
      ...(["DELETE", `/credentials/${anna.credential}?reason=lost`] as const),
    ]);
    expect((await me()).status).toBe(401);
  });

  it("count at once: who is disabled is nobody, until enabled again", async () => {
    await using cloud = await startTestCloud();
    const anna = await letIn(cloud, { name: "anna", role: "viewer" });
    const status = async () =>
      (await askAsOperator(cloud, anna.token, ["GET", "/me"])).status;
    const set = (disabled: boolean) =>
      askAtDoor(cloud, cloud.operator, [
        ...(["PATCH", "/operators/anna", { disabled }] as const),
      ]);
    await set(true);
    expect(await status()).toBe(401);
    await set(false);
    expect(await status()).toBe(200);
  });

  it("leave an admin of the vendor with a way in", async () => {
    await using cloud = await startTestCloud();
    const me = await askAtDoor<Caller>(cloud, cloud.operator, ["GET", "/me"]);
    const { operator, credential } = me.body;
    await cloud.addOrg("acme");
    const other = await letIn(cloud, { name: "other", role: "admin" });
    const tries = [
      ["PATCH", `/operators/${operator}`, { disabled: true }],
      ["PATCH", `/operators/${operator}`, { role: "approver" }],
      ["PATCH", `/operators/${operator}`, { org: "acme" }],
      ["DELETE", `/credentials/${credential}`],
    ] as const;
    await askAtDoor(cloud, cloud.operator, [
      ...(["DELETE", `/credentials/${other.credential}`] as const),
    ]);
    for (const asked of tries) {
      expect(await askAtDoor(cloud, cloud.operator, asked)).toMatchObject({
        ...{ status: 409, body: { code: "last-admin" } },
      });
    }
    await askAtDoor(cloud, cloud.operator, [
      ...(["POST", `/operators/${other.id}/tokens`, {}] as const),
    ]);
    const [first] = tries;
    expect((await askAtDoor(cloud, cloud.operator, first)).status).toBe(200);
  });

  it("give a name to one of those only who are not disabled", async () => {
    await using cloud = await startTestCloud();
    const first = await letIn(cloud, { name: "Anna", role: "viewer" });
    const ask = (...asked: [string, string, unknown?]) =>
      askAtDoor<{ code?: string }>(cloud, cloud.operator, asked);
    const order = { name: "anna", role: "viewer" };
    expect((await ask("POST", "/operators", order)).body.code).toBe("exists");
    await ask("PATCH", `/operators/${first.id}`, { disabled: true });
    expect((await ask("POST", "/operators", order)).status).toBe(201);
    const back = { disabled: false };
    const answer = await ask("PATCH", `/operators/${first.id}`, back);
    expect(answer.body.code).toBe("exists");
  });

  it.each([
    ["a rule's name", { name: "rule:x" }, "name"],
    ["an id as a name", { name: "opr-12" }, "name"],
    ["an actuator without limits", { role: "actuator" }, "limits"],
    ["limits for a viewer", { limits: LIMITS }, "limits"],
    ["a partner without a collection", { role: "partner" }, "collection"],
  ])("say so when there is %s", async (_, more, field) => {
    const cloud = shared();
    const order = { name: "anna", role: "viewer", ...more };
    const asked = ["POST", "/operators", order] as const;
    const answer = await askAtDoor(cloud, cloud.operator, asked);
    expect(answer).toMatchObject({
      ...{ status: 400, body: { errors: [{ field }] } },
    });
  });

  it("go page by page where they are listed", async () => {
    await using cloud = await startTestCloud();
    for (const name of ["a", "b", "c"]) {
      await letIn(cloud, { name, role: "viewer" });
    }
    type Page = { items: { name: string }[]; next: string | null };
    const pageAt = async (more: string): Promise<Page> => {
      const asked = ["GET", `/operators?role=viewer&limit=2${more}`] as const;
      return (await askAsOperator<Page>(cloud, cloud.operator, asked)).body;
    };
    const first = await pageAt("");
    const second = await pageAt(`&cursor=${first.next}`);
    const names = [first, second].map(({ items }) =>
      items.map(({ name }) => name),
    );
    expect(names).toEqual([["a", "b"], ["c"]]);
    expect(second.next).toBeNull();
  });

  it("go on where a page ended, though the last one on it is no such any more", async () => {
    await using cloud = await startTestCloud();
    for (const name of ["a", "b", "c"]) {
      await letIn(cloud, { name, role: "viewer" });
    }
    type Page = { items: { name: string }[]; next: string | null };
    const ask = (...asked: [string, string, unknown?]) =>
      askAtDoor<Page>(cloud, cloud.operator, asked);
    const path = "/operators?role=viewer&limit=2";
    const { body: first } = await ask("GET", path);
    await ask("PATCH", "/operators/b", { role: "analyst" });
    const { body } = await ask("GET", `${path}&cursor=${first.next}`);
    expect(body.items.map(({ name }) => name)).toEqual(["c"]);
  });
});
