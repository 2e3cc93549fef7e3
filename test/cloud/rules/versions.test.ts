import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from "@jest/globals";
import type { VersionItem } from "../../../cloud/cli/ask-rules.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { post, publish, rule, rulesOf, shadow } from "./asking.js";

jest.setTimeout(60_000);

describe("versions of rules", () => {
  let cloud: TestCloud;

  beforeEach(async () => {
    cloud = await startTestCloud();
  });
  afterEach(() => cloud[Symbol.asyncDispose]());

  const versions = async (): Promise<readonly VersionItem[]> => {
    const path = "/api/v1/rules/versions";
    return (await cloud.request<{ items: VersionItem[] }>("GET", path)).body
      .items;
  };
  const statusOf = async (version: number): Promise<number> =>
    (await cloud.request("GET", `/api/v1/rules/versions/${version}`)).status;

  it("that decided stay to go back to, whatever is watched beside them", async () => {
    await publish(cloud, rule("orgs: 2"));
    await publish(cloud, rule("orgs: 3"));
    for (let hosts = 1; hosts <= 120; hosts++) {
      await shadow(cloud, rule(`orgs: 2, hosts: ${hosts}`));
    }
    expect(await statusOf(1)).toBe(200);
    const kept = await versions();
    const ofMode = (mode: string) => kept.filter((each) => each.mode === mode);
    expect(ofMode("in-force").map(({ version }) => version)).toEqual([2, 1]);
    expect(ofMode("shadow")).toHaveLength(20);
    expect(kept[0]).toMatchObject({ version: 122, endedAt: null });
    expect(await statusOf(102)).toBe(404);
  });

  it("are no more for being watched again with the same text", async () => {
    await shadow(cloud, rule("orgs: 2"));
    await shadow(cloud, rule("orgs: 2"));
    expect(await versions()).toHaveLength(1);
    await cloud.request("DELETE", "/api/v1/rules/shadow");
    await shadow(cloud, rule("orgs: 2"));
    expect(await versions()).toMatchObject([
      { version: 2, endedAt: null },
      { version: 1 },
    ]);
  });
});

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
