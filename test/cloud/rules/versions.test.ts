import { describe, expect, it, jest } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { post, rule, rulesOf } from "./asking.js";

jest.setTimeout(60_000);

describe("rules that wait for a second person", () => {
  it("do not take the place of what decides since", async () => {
    await using cloud = await startTestCloud({ twoPersons: { flows: null } });
    const bo = await letIn(cloud, { name: "bo", role: "approver" });
    const propose = async (text: string): Promise<string> => {
      const asked = await post<{ proposal: string }>(cloud, "/rules", { text });
      return asked.body.proposal;
    };
    const release = (id: string) =>
      askAtDoor<{ code?: string; detail?: string }>(cloud, bo.token, [
        ...(["POST", `/proposals/${id}/release`, {}] as const),
      ]);
    const first = await propose(rule("orgs: 2"));
    const second = await propose(rule("orgs: 3"));
    expect((await release(second)).status).toBe(201);
    const late = await release(first);
    expect([late.status, late.body.code]).toEqual([409, "not-open"]);
    expect(late.body.detail).toContain("version 1 decides since, not 0");
    expect((await rulesOf(cloud)).inForce.version).toBe(1);
    const anew = await propose(rule("orgs: 2"));
    expect((await release(anew)).status).toBe(201);
    expect((await rulesOf(cloud)).inForce.version).toBe(2);
  });
});
