import { expect, it } from "@jest/globals";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { renewed } from "../../support/cloud/rotation.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  type Person,
} from "../../support/cloud/people.js";

interface Listed {
  readonly name: string;
  readonly operation: string;
  readonly why: string;
  readonly from: string;
  readonly before: {
    readonly bans: readonly {
      readonly range: string;
      readonly until: string;
    }[];
    readonly more: number;
  } | null;
  readonly after: readonly {
    readonly of: string | null;
    readonly says: string;
  }[];
}

it("names who ordered what, however many order in one feed at once", async () => {
  await using cloud = await startTestCloud();
  const people = [
    await letIn(cloud, { name: "anna", role: "analyst" }),
    await letIn(cloud, { name: "bert", role: "approver" }),
  ];
  const orders = Array.from({ length: 16 }, async (_, n) => {
    const { name, token } = people[n % 2]!;
    const range = `203.0.113.${n}`;
    const { status, body } = await order(cloud, token, "/bans", { range });
    expect(status).toBe(201);
    return [body.decision, name] as const;
  });
  const byDecision = new Map(await Promise.all(orders));
  const calls = await listed(cloud, "?operation=ban");
  expect(calls).toHaveLength(16);
  for (const { name, after, from } of calls) {
    expect(byDecision.get(after[0]?.of ?? "")).toBe(name);
    expect({ from, made: after.length }).toEqual({
      from: "127.0.0.1",
      made: 1,
    });
  }
});

it("keeps the bans that an order changes or lifts as they stood", async () => {
  await using cloud = await startTestCloud();
  const { token } = await letIn(cloud, { name: "anna", role: "analyst" });
  const range = "203.0.113.7";
  await order(cloud, token, "/bans", { range, for: "4h" });
  await order(cloud, token, "/bans", {
    range,
    for: "1h",
    replace: true,
    reason: "less",
  });
  // What changes nothing, or only asks, leaves no record.
  await order(cloud, token, "/bans", { range, for: "30m" });
  await order(cloud, token, "/lifts", { range, dryRun: true });
  await order(cloud, token, "/lifts", { range, reason: "enough" });
  const [lift, less, first, ...more] = await listed(cloud, "?by=anna");
  expect(more).toEqual([]);
  expect(first).toMatchObject({ operation: "ban", before: null });
  expect(less).toMatchObject({
    why: "less",
    before: { bans: [{ range, decision: first?.after[0]?.of }], more: 0 },
  });
  expect(lift).toMatchObject({
    ...{ operation: "lift", why: "enough" },
    before: { bans: [{ range, decision: less?.after[0]?.of }], more: 0 },
  });
  const [until, shorter] = [less, lift].map(
    (call) => call?.before?.bans[0]?.until,
  );
  expect(Date.parse(until ?? "") - Date.parse(shorter ?? "")).toBeGreaterThan(
    10_000_000,
  );
});

it("keeps the first of many bans that are lifted, and counts the others", async () => {
  await using cloud = await startTestCloud();
  const { token } = await letIn(cloud, { name: "anna", role: "analyst" });
  const ranges = Array.from(
    { length: 300 },
    (_, n) => `10.0.${n >> 8}.${n & 255}`,
  );
  await order(cloud, token, "/bans", { ranges });
  await order(cloud, token, "/lifts", { range: "10.0.0.0/16", within: true });
  const [lift] = await listed(cloud, "?operation=lift");
  expect(lift?.before?.bans).toHaveLength(20);
  expect(lift?.before?.more).toBe(280);
});

it("keeps what an agent was that is tagged, revoked and forgotten", async () => {
  await using cloud = await startTestCloud();
  const { agent } = await cloud.enrol();
  const at = (path: string) => `/agents/${agent}/${path}`;
  const ask = (method: string, path: string, body: object) =>
    askAtDoor(cloud, cloud.operator, [method, at(path), body]);
  await ask("PUT", "tags", { tags: ["web"] });
  await ask("PUT", "tags", { tags: ["db"] });
  await ask("POST", "revoke", { reason: "stolen" });
  await ask("POST", "forget", {});
  const calls = await listed(cloud, "");
  const told = calls.map(({ operation, before }) => ({ operation, before }));
  expect(told.slice(0, 4)).toMatchObject([
    { operation: "forgetAgent", before: { revoked: true } },
    { operation: "revokeAgent", before: { revoked: false } },
    { operation: "tagAgent", before: { tags: ["web"] } },
    { operation: "tagAgent", before: { tags: [] } },
  ]);
});

it("names who put a root into force, though it lies beside the log", async () => {
  await using cloud = await startTestCloud();
  await renewed(cloud);
  const [call] = await listed(cloud, "?operation=publishRoot");
  expect(call).toMatchObject({ name: "admin", from: "socket", after: [] });
});

const order = (
  cloud: TestCloud,
  token: Person["token"],
  path: string,
  body: object,
) => askAsOperator<{ decision: string }>(cloud, token, ["POST", path, body]);

async function listed(
  cloud: TestCloud,
  query: string,
): Promise<readonly Listed[]> {
  const { body } = await askAsOperator<{ items: Listed[] }>(
    ...([cloud, cloud.operator, ["GET", `/audit${query}`]] as const),
  );
  return body.items;
}
