import { once } from "node:events";
import http from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor, letIn } from "../../support/cloud/people.js";
import { cloudWithBans } from "../../support/cloud/some-bans.js";
import { until } from "../../support/time/clock.js";

type Asked = Readonly<Record<string, string>>;

interface Row {
  /** In answers alone. */
  readonly by?: string | null;
  readonly range: string;
  readonly feed: string;
}

/** A problem, as far as it is looked at here. */
interface Refused {
  readonly code: string;
  readonly errors: readonly { readonly field: string; message: string }[];
}

const exportPath = (asked: Asked): string =>
  `/bans/export?${String(new URLSearchParams(asked))}`;

describe("bans that are carried away", () => {
  let cloud: TestCloud;
  let viewer: string;

  beforeAll(async () => {
    const reasons = { first: '=HYPERLINK("//x")', last: 'spam, "much"' };
    ({ cloud, viewer } = await cloudWithBans(reasons));
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const get = async (asked: Asked, token = cloud.operator) =>
    fetch(`${cloud.url}/api/v1${exportPath(asked)}`, {
      headers: { authorization: `Bearer ${token}` },
    });

  const lines = async (...asked: Parameters<typeof get>) => {
    const response = await get(...asked);
    expect(response.status).toBe(200);
    return (await response.text()).split(/\r?\n/).slice(0, -1);
  };

  const ranges = async (asked: Asked, token?: string) =>
    (await lines({ format: "jsonl", ...asked }, token)).map(
      (line) => (JSON.parse(line) as Row).range,
    );

  const refused = async (asked: Asked, token = cloud.operator) => {
    const path = exportPath(asked);
    return askAsOperator<Refused>(cloud, token, ["GET", path]);
  };

  it("are a table, in which no spreadsheet finds a formula", async () => {
    const response = await get({ format: "csv", sort: "range" });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="bans.csv"',
    });
    const [head, first, , quoted, last] = (await response.text()).split("\r\n");
    expect(head).toBe(
      "range,feed,until,observed,allRings,reason,decision,since",
    );
    expect(first).toMatch(
      /^198\.51\.100\.5,org\/globex,2\d{3}-\S+Z,false,,,dec-/,
    );
    expect(quoted).toContain(`,"'=HYPERLINK(""//x"")",dec-`);
    expect(last).toContain(',"spam, ""much""",dec-');
  });

  it("are the items of the list, a line each", async () => {
    const asked = { q: "not org:globex", sort: "until", desc: "true" };
    const all = await lines({ format: "jsonl", ...asked });
    const path = `/bans?${String(new URLSearchParams(asked))}`;
    const { body } = await cloud.request<{ items: readonly Row[] }>(
      ...(["GET", `/api/v1${path}`] as const),
    );
    expect(body.items).toHaveLength(3);
    // Who decided is looked up for a page that is looked at, and not for a file.
    const items = body.items.map(({ by: _, ...item }) => item);
    expect(all.map((line) => JSON.parse(line) as Row)).toEqual(items);
  });

  it("are an org's own, and everybody's, for its people", async () => {
    expect(await ranges({ sort: "range" }, viewer)).toEqual([
      ...["203.0.113.1", "203.0.113.9", "2001:db8::7"],
    ]);
    expect(await ranges({ q: "org:globex" }, viewer)).toEqual([]);
    expect(await ranges({ range: "198.51.100.0/24" }, viewer)).toEqual([]);
    const foreign = { format: "csv", feed: "org/globex" };
    expect((await refused(foreign, viewer)).status).toBe(404);
    const own = { feed: "org/acme" };
    expect(await ranges(own, viewer)).toEqual(["203.0.113.1"]);
  });

  it.each([
    ["format", {}, ""],
    ["format", { format: "xml" }, ""],
    ["q", { format: "csv", q: "nonsense:1" }, "at 1: "],
    ["sort", { format: "csv", sort: "colour" }, ""],
    ["at", { format: "csv", at: "1" }, ""],
  ])("say what is wrong with %s: %j", async (field, asked, said) => {
    const { status, body } = await refused(asked);
    expect([status, body.errors[0]?.field]).toEqual([400, field]);
    expect(body.errors[0]?.message).toContain(said);
  });
});

describe("many bans that are carried away", () => {
  const MANY = 40_000;
  let cloud: TestCloud;

  beforeAll(async () => {
    cloud = await startTestCloud();
    const listed = Array.from(
      { length: MANY },
      (_, n) => `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`,
    );
    const terms = new URLSearchParams({ reason: "x".repeat(200), for: "9d" });
    const path = `/api/v1/imports?${String(terms)}`;
    const { status } = await cloud.request("POST", path, listed.join("\n"));
    expect(status).toBe(201);
  });

  afterAll(() => cloud[Symbol.asyncDispose]());

  const begin = async (token: string): Promise<http.IncomingMessage> => {
    const url = `${cloud.url}/api/v1${exportPath({ format: "jsonl" })}`;
    const headers = { authorization: `Bearer ${token}` };
    const request = http.get(url, { headers, agent: false });
    const [response] = (await once(request, "response")) as [
      http.IncomingMessage,
    ];
    return response;
  };

  const textOf = async (response: http.IncomingMessage): Promise<string> => {
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return text;
  };

  it("come to their end, each once", async () => {
    const text = await textOf(await begin(cloud.operator));
    const all = text.split("\n").slice(0, -1);
    const ranges = all.map((line) => (JSON.parse(line) as Row).range);
    expect([ranges.length, new Set(ranges).size]).toEqual([MANY, MANY]);
  });

  it("go to one at a time, until that one has gone", async () => {
    const slow = await begin(cloud.operator);
    const second = await begin(cloud.operator);
    expect(second.statusCode).toBe(429);
    expect(await textOf(second)).toContain("one at a time");
    const other = await letIn(cloud, { name: "olga", role: "viewer" });
    const others = await textOf(await begin(other.token));
    expect(others.split("\n")).toHaveLength(MANY + 1);
    slow.destroy();
    await until("the place is free", async () => {
      const next = await begin(cloud.operator);
      next.destroy();
      return next.statusCode === 200;
    });
  });

  it("go on to nobody whose credential was revoked meanwhile", async () => {
    const { token, credential } = await letIn(cloud, {
      ...{ name: "gone", role: "viewer" },
    });
    const response = await begin(token);
    const { status } = await askAtDoor(cloud, cloud.operator, [
      ...(["DELETE", `/credentials/${credential}`] as const),
    ]);
    expect(status).toBe(200);
    const came = await textOf(response).then(
      (text) => text.length,
      (error: unknown) => (error as Error).message,
    );
    expect(came).toBe("aborted");
  });
});
