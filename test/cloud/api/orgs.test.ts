import { expect, test } from "@jest/globals";
import { decodeToken } from "../../../agent/protocol/enrolment.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

const TOKENS = "/enrolment-tokens";

test("an org's admin makes tokens for the own org, and knows of no other", async () => {
  await using cloud = await startTestCloud();
  await cloud.addOrg("One");
  await cloud.addOrg("Two");
  const role = "admin";
  const { token } = await letIn(cloud, { name: "Ada", role, org: "one" });
  const ask = <T>(...asked: readonly [string, string, unknown?]) =>
    askAsOperator<T>(cloud, token, asked);
  type Made = { token: string; expiresAt: string };
  const made = await ask<Made>("POST", TOKENS, { org: "one" });
  expect(made.status).toBe(201);
  expect(decodeToken(made.body.token).url).toBe(cloud.url);
  expect(Date.parse(made.body.expiresAt)).toBeGreaterThan(Date.now());
  for (const org of ["two", "nobody"]) {
    const refused = await ask("POST", TOKENS, { org });
    expect(refused.body).toMatchObject({
      ...{ status: 404, code: "unknown", detail: `there is no org ${org}` },
    });
  }
  expect((await ask("GET", "/orgs")).body).toEqual({
    ...{ items: [{ id: "one", name: "One" }], next: null },
  });
  const added = await ask("POST", "/orgs", { name: "Three" });
  expect(added.status).toBe(403);
});

test("an enrolment token has to expire", async () => {
  await using cloud = await startTestCloud();
  const org = await cloud.addOrg("One");
  const order = { org, expiresIn: "permanent" };
  const path = `/api/v1${TOKENS}`;
  expect(await cloud.request("POST", path, order)).toMatchObject({
    ...{ status: 400, body: { errors: [{ field: "expiresIn" }] } },
  });
});
