import { describe, expect, it } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import {
  enrolWith,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

interface Made {
  readonly id: string;
  readonly token: string;
}

interface Listed {
  readonly items: readonly { readonly id: string; readonly label: string }[];
  readonly next: string | null;
}

const TOKENS = ["GET", "/enrolment-tokens"] as const;

describe("enrolment tokens", () => {
  it("are listed with what they are for, and who came in by them", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const order = { org: "acme", label: "the new web server" };
    const made = await post<Made>(cloud, order);
    expect(made.status).toBe(201);
    const { id, token } = made.body;
    expect(await listed(cloud, "?open=true")).toMatchObject([
      { id, label: "the new web server", usedBy: null, madeBy: "admin" },
    ]);
    const { body } = await enrolWith(cloud.url, token, generateKey());
    const { agent } = body as { agent: string };
    expect(await listed(cloud)).toMatchObject([{ id, usedBy: agent }]);
    expect(await listed(cloud, "?open=true")).toEqual([]);
    expect(JSON.stringify(await listed(cloud))).not.toContain(token);
  });

  it("propose a mode to agents that know of that, and to no others", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const comes = async (version: string, order: object) => {
      const { body } = await post<Made>(cloud, { org: "acme", ...order });
      const key = generateKey();
      const answer = await enrolWith(cloud.url, body.token, key, { version });
      return answer.body;
    };
    const mode = "observe";
    expect(await comes("0.6.0", { mode })).toMatchObject({ mode });
    expect(await comes("1.0.0-rc.1", { mode })).toMatchObject({ mode });
    expect(await comes("0.5.0", { mode })).not.toHaveProperty("mode");
    expect(await comes("0.6.0", {})).not.toHaveProperty("mode");
    const { items } = (await ask<{ items: object[] }>(cloud, TOKENS)).body;
    expect(items).toMatchObject([
      ...[{ mode: null }, { mode }, { mode }, { mode }],
    ]);
    const wrong = await post(cloud, { org: "acme", mode: "pause" });
    expect(wrong).toMatchObject({
      ...{ status: 400, body: { errors: [{ field: "mode" }] } },
    });
  });

  it("let nobody in once they are revoked", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const { id, token } = (await post<Made>(cloud, { org: "acme" })).body;
    const path = `/enrolment-tokens/${id}?reason=lost`;
    const revoked = await ask(cloud, ["DELETE", path]);
    expect(revoked).toMatchObject({
      status: 200,
      body: { revokedBy: "admin" },
    });
    const late = await enrolWith(cloud.url, token, generateKey());
    expect(late).toMatchObject({
      status: 403,
      body: { error: "token-revoked" },
    });
    expect(await listed(cloud, "?open=true")).toEqual([]);
  });

  it("go page by page", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    for (const label of ["a", "b", "c"]) {
      await post(cloud, { org: "acme", label });
    }
    const path = "/enrolment-tokens?limit=2";
    const first = (await ask<Listed>(cloud, ["GET", path])).body;
    const more = `${path}&cursor=${first.next}`;
    const second = (await ask<Listed>(cloud, ["GET", more])).body;
    const labels = [first, second].map(({ items }) =>
      items.map(({ label }) => label),
    );
    expect(labels).toEqual([["c", "b"], ["a"]]);
    expect(second.next).toBeNull();
  });

  it("let in as many hosts as they are for, by their tags", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const tags = ["web", "eu", "web"];
    const order = { org: "acme", uses: 2, tags, networks: ["127.0.0.0/8"] };
    const { status, body } = await post<Made>(cloud, order);
    expect(status).toBe(201);
    const told = { uses: 2, tags: ["eu", "web"], networks: ["127.0.0.0/8"] };
    expect(body).toMatchObject(told);
    const comes = () => enrolWith(cloud.url, body.token, generateKey());
    const first = (await comes()).body as { agent: string };
    expect(await listed(cloud, "?open=true")).toMatchObject([
      { ...told, used: 1, usedBy: first.agent },
    ]);
    const second = (await comes()).body as { agent: string };
    expect(second.agent).not.toBe(first.agent);
    expect(await listed(cloud, "?open=true")).toEqual([]);
    expect(await comes()).toMatchObject({
      ...{ status: 403, body: { error: "token-used" } },
    });
    const hosts = await ask<Listed>(cloud, ["GET", "/agents?tag=web"]);
    expect(hosts.body.items.map(({ id }) => id).sort()).toEqual(
      [first.agent, second.agent].sort(),
    );
  });

  it("let in nobody from other networks", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const networks = ["198.51.100.0/24", "2001:db8::/32"];
    const { body } = await post<Made>(cloud, { org: "acme", networks });
    const refused = await enrolWith(cloud.url, body.token, generateKey());
    expect(refused).toMatchObject({
      ...{ status: 403, body: { error: "token-elsewhere" } },
    });
    expect(await listed(cloud, "?open=true")).toMatchObject([{ used: 0 }]);
  });

  it("are for a number of hosts, tags and networks that can be", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const wrong = [
      ...[{ uses: 0 }, { uses: 100_001 }, { uses: 1.5 }, { uses: "2" }],
      ...[{ tags: ["Web"] }, { networks: ["10.0.0.0/33"] }],
    ];
    for (const order of wrong) {
      const answer = await post(cloud, { org: "acme", ...order });
      const [field = ""] = Object.keys(order);
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).toContain(`"${field}`);
    }
  });

  it("live for at most a year", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    for (const expiresIn of ["367d", "0s", "permanent"]) {
      const answer = await post(cloud, { org: "acme", expiresIn });
      expect(answer).toMatchObject({
        ...{ status: 400, body: { errors: [{ field: "expiresIn" }] } },
      });
    }
  });

  it("of another org are not there, and none is made for it", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    await cloud.addOrg("globex");
    const role = "admin";
    const { token } = await letIn(cloud, { name: "ann", role, org: "acme" });
    const foreign = (await post<Made>(cloud, { org: "globex" })).body;
    const asAnn = (...asked: [string, string, unknown?]) =>
      askAsOperator<Listed>(cloud, token, asked);
    const own = await asAnn("POST", "/enrolment-tokens", { org: "acme" });
    expect(own.status).toBe(201);
    const { body } = await asAnn("GET", "/enrolment-tokens");
    expect(body.items).toHaveLength(1);
    const tries = [
      ["DELETE", `/enrolment-tokens/${foreign.id}`],
      ["POST", "/enrolment-tokens", { org: "globex" }],
      ["GET", "/enrolment-tokens?org=globex"],
    ] as const;
    for (const asked of tries) {
      expect((await askAsOperator(cloud, token, asked)).status).toBe(404);
    }
    expect(await listed(cloud, "?open=true&org=globex")).toHaveLength(1);
  });

  it("are made and revoked by admins alone", async () => {
    await using cloud = await startTestCloud();
    await cloud.addOrg("acme");
    const { id } = (await post<Made>(cloud, { org: "acme" })).body;
    for (const role of ["viewer", "analyst", "approver"] as const) {
      const { token } = await letIn(cloud, { name: role, role });
      const order = { org: "acme" };
      for (const asked of [
        ["POST", "/enrolment-tokens", order],
        ["DELETE", `/enrolment-tokens/${id}`],
      ] as const) {
        expect((await askAsOperator(cloud, token, asked)).status).toBe(403);
      }
    }
  });
});

const ask = <T>(cloud: TestCloud, asked: readonly [string, string, unknown?]) =>
  askAsOperator<T>(cloud, cloud.operator, asked);

const post = <T>(cloud: TestCloud, order: object) =>
  ask<T>(cloud, ["POST", "/enrolment-tokens", order]);

const listed = async (cloud: TestCloud, query = "") =>
  (await ask<Listed>(cloud, ["GET", `/enrolment-tokens${query}`])).body.items;
