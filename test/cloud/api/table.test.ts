import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import * as v from "valibot";
import type { OperatorApiPorts } from "../../../cloud/api/ports.js";
import { routeTable } from "../../../cloud/api/routes/table.js";
import { openApi } from "../../../cloud/api/table/openapi.js";
import type { ProblemShape } from "../../../cloud/api/table/problem-shape.js";
import { answer, route } from "../../../cloud/api/table/route.js";
import { jsonSchemaOf, said } from "../../../cloud/api/table/said.js";
import { packageVersion } from "../../../cloud/version.js";
import { askAtOperatorsDoor } from "../../../cloud/door/operators-door.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { foundCloud } from "../../../cloud/setup.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";

import { letIn } from "../../support/cloud/people.js";
import { ManualClock } from "../../support/time/clock.js";

const ask = (
  { url, operator }: TestCloud,
  path: string,
  {
    headers,
    ...init
  }: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
): Promise<Response> =>
  fetch(`${url}/api/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${operator}`, ...headers },
  });

const problemIn = async (response: Response): Promise<ProblemShape> => {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return (await response.json()) as ProblemShape;
};

const order = (body: unknown) => ({
  method: "POST",
  body: JSON.stringify(body),
});

test("docs/openapi.json says what the table of routes says", () => {
  const table = routeTable({} as OperatorApiPorts);
  const document = openApi(table, packageVersion());
  const golden: unknown = JSON.parse(readFileSync("docs/openapi.json", "utf8"));
  expect(document).toEqual(golden);
});

test("a cloud hands out the document of what it runs", async () => {
  await using cloud = await startTestCloud();
  const answered = await ask(cloud, "/openapi.json");
  const golden: unknown = JSON.parse(readFileSync("docs/openapi.json", "utf8"));
  expect(await answered.json()).toEqual(golden);
  const etag = answered.headers.get("etag") ?? "";
  const again = { headers: { "if-none-match": etag } };
  expect((await ask(cloud, "/openapi.json", again)).status).toBe(304);
});

test("a shape that can't be said stops the document", () => {
  const odd = v.pipe(
    v.string(),
    v.check((text) => text !== "odd"),
  );
  expect(() => jsonSchemaOf(odd, "input")).toThrow(/check/);
  const told = v.pipe(
    v.string(),
    said(
      v.check((text: string) => text !== "odd"),
      { not: { const: "odd" } },
    ),
  );
  const schema = { type: "string", not: { const: "odd" } };
  expect(jsonSchemaOf(told, "input")).toEqual(schema);
});

test("two operations of one name stop the document", () => {
  const one = route({
    ...{ method: "GET", path: "/one", operationId: "one", tag: "Cloud" },
    ...{ summary: "one", allows: "viewer", scope: "own" },
    answers: { 204: { description: "nothing" } },
    handle: () => answer(204, null),
  });
  const other = { ...one, path: "/other" } as const;
  expect(() => openApi([one, other], "1")).toThrow("is there twice");
});

test("an answer is as its schema says, and knows whether it is still good", async () => {
  await using cloud = await startTestCloud();
  await cloud.addOrg("Example");
  const first = await ask(cloud, "/orgs");
  expect(await first.json()).toEqual({
    items: [{ id: "example", name: "Example" }],
    next: null,
  });
  const etag = first.headers.get("etag") ?? "";
  const again = await ask(cloud, "/orgs", {
    headers: { "if-none-match": `"other", W/${etag}` },
  });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  await cloud.addOrg("Another");
  const changed = await ask(cloud, "/orgs", {
    headers: { "if-none-match": etag },
  });
  expect(changed.status).toBe(200);
});

test("a problem names every fault, and where it is", async () => {
  await using cloud = await startTestCloud();
  const bad = await ask(cloud, "/orgs", order({ id: "Ä!", nome: "x" }));
  expect(bad.status).toBe(400);
  const told = await problemIn(bad);
  expect(told.type).toBe("urn:tourniquet:problem:invalid");
  expect(told.errors.map(({ pointer }) => pointer)).toEqual([
    ...["/id", "/name", "/nome"],
  ]);
  const noJson = await ask(cloud, "/orgs", { method: "POST", body: "{" });
  expect((await problemIn(noJson)).detail).toBe("the body is not JSON");
  const list = { method: "POST", body: "[]" };
  const noObject = await ask(cloud, "/proposals/prp-1/release", list);
  expect((await problemIn(noObject)).detail).toBe(
    "the body is a list, and no object",
  );
  const large = await ask(cloud, "/orgs", {
    ...{ method: "POST", body: " ".repeat(1024 * 1024 + 1) },
  });
  expect((await problemIn(large)).status).toBe(413);
});

test("nobody known, no such path, and another method are told apart", async () => {
  await using cloud = await startTestCloud();
  const stranger = await ask(cloud, "/orgs", {
    headers: { authorization: "Bearer nobody" },
  });
  expect((await problemIn(stranger)).code).toBe("unauthenticated");
  expect((await problemIn(await ask(cloud, "/nothing"))).status).toBe(404);
  const other = await ask(cloud, "/orgs", { method: "DELETE" });
  expect((await problemIn(other)).status).toBe(405);
  expect(other.headers.get("allow")).toBe("GET, POST");
});

test("with its key a change is made once, and answered as it was", async () => {
  await using cloud = await startTestCloud();
  const keyed = (name: string, key: string) =>
    ask(cloud, "/orgs", {
      ...order({ name }),
      headers: { "idempotency-key": key },
    });
  const first = await keyed("Example", "k1");
  const second = await keyed("Example", "k1");
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(await second.json()).toEqual(await first.json());
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  const reused = await keyed("Another", "k1");
  expect((await problemIn(reused)).code).toBe("key-used");
  const twice = await Promise.all([keyed("Both", "k2"), keyed("Both", "k2")]);
  const codes = twice.map(({ status }) => status).sort();
  expect([[201, 201].join(), [201, 409].join()]).toContain(codes.join());
  const failed = await keyed("Example", "k3");
  expect((await problemIn(failed)).code).toBe("exists");
  const wrongKey = await keyed("Third", "k 4");
  expect((await problemIn(wrongKey)).status).toBe(400);
});

test("half of a character is no text", async () => {
  await using cloud = await startTestCloud();
  for (const name of ['"a\\ud800"', '"\\uDFFFb"']) {
    const body = `{"name":${name}}`;
    const refused = await ask(cloud, "/orgs", { method: "POST", body });
    expect((await problemIn(refused)).detail).toContain("half of a character");
  }
  const body = '{"name":"\\ud83d\\ude00"}';
  const taken = await ask(cloud, "/orgs", { method: "POST", body });
  expect(taken.status).toBe(201);
});

test("a key keeps nothing of a secret, and nothing of a dry run", async () => {
  await using cloud = await startTestCloud();
  const headers = { "idempotency-key": "k" };
  const { id } = await letIn(cloud, { name: "ann", role: "viewer" });
  const path = `/api/v1/operators/${id}/password`;
  const set = async (password: string) => {
    const authorization = `Bearer ${cloud.operator}`;
    const { statusCode } = await askAtOperatorsDoor(
      cloud.dir,
      { ...{ method: "POST", path }, headers: { ...headers, authorization } },
      JSON.stringify({ password }),
    );
    return statusCode;
  };
  const password = "the first of two passwords";
  const asked = ["setPassword", "POST", path, JSON.stringify({ password })];
  expect([await set(password), await set(password)]).toEqual([201, 201]);
  expect(await set("the second of two passwords")).toBe(422);
  const digest = createHash("sha256").update(JSON.stringify(asked));
  const accounts = readFileSync(join(cloud.dir, "accounts.db"), "latin1");
  const log = readFileSync(join(cloud.dir, "accounts.db-wal"), "latin1");
  expect(accounts + log).not.toContain(digest.digest("hex"));
  const ban = { ranges: ["203.0.113.7"], dryRun: true };
  const dry = { ...order(ban), headers: { "idempotency-key": "dry" } };
  const told = [await ask(cloud, "/bans", dry), await ask(cloud, "/bans", dry)];
  expect(told.map((one) => one.status)).toEqual([200, 200]);
  expect(told.map((one) => one.headers.get("idempotency-replayed"))).toEqual([
    ...[null, null],
  ]);
});

test("the answer to a key outlives the cloud that gave it", async () => {
  using folder = temporaryFolder();
  const asking = {
    ...order({ name: "Once" }),
    headers: { "idempotency-key": "k" },
  };
  const dir = join(folder.path, "cloud");
  foundCloud(
    { dir, name: "test", listen: "127.0.0.1:0", publicUrl: undefined },
    systemClock,
  );
  const before = await startTestCloud({ dir });
  const first = await ask(before, "/orgs", asking);
  await before[Symbol.asyncDispose]();
  await using after = await startTestCloud({ dir });
  const again = await ask(after, "/orgs", asking);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(await again.json()).toEqual(await first.json());
});

test("who asks too much is told when to come back", async () => {
  const clock = new ManualClock();
  await using cloud = await startTestCloud({ clock });
  const askOften = async (times: number) => {
    const answers = await Promise.all(
      Array.from({ length: times }, () => ask(cloud, "/orgs")),
    );
    await Promise.all(answers.map((each) => each.text()));
    return answers;
  };
  for (let batch = 0; batch < 20; batch++) {
    const statuses = (await askOften(50)).map(({ status }) => status);
    expect(statuses).toEqual(Array<number>(50).fill(200));
  }
  const [over] = await askOften(1);
  expect([over?.status, over?.headers.get("retry-after")]).toEqual([429, "1"]);
  await clock.advance(1_000);
  const [later] = await askOften(1);
  expect(later?.status).toBe(200);
});
