import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import { WebSocket } from "ws";
import { operatorsSocket } from "../../../cloud/door/operators-door.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor, letIn } from "../../support/cloud/people.js";

interface Item {
  readonly seq: number;
  readonly at: string;
  readonly news: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/** One who listens, and keeps what he was told. */
class Listener implements Disposable {
  readonly items: Item[] = [];
  position = -1;
  readonly socket: WebSocket;
  readonly over: Promise<number>;

  constructor(url: string, token: string) {
    this.socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
    });
    this.over = new Promise((resolve) => {
      this.socket.on("close", (code) => resolve(code));
      this.socket.on("error", () => resolve(0));
    });
    this.socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        position: number;
        items: Item[];
      };
      this.position = message.position;
      this.items.push(...message.items);
    });
  }

  /** What was decided: the cloud's own root may be told at any time. */
  get decided(): readonly Item[] {
    return this.items.filter(({ news }) => news.kind === "decided");
  }

  get decisions(): unknown[] {
    return this.decided.map(({ news }) => news["decision"]);
  }

  async heard(count: number): Promise<void> {
    await eventually(() => this.items.length >= count || undefined);
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

const liveAt = ({ url }: Pick<TestCloud, "url">, query: string): string =>
  `${url.replace(/^http/, "ws")}/api/v1/live${query}`;

const listen = async (
  cloud: Pick<TestCloud, "url" | "operator">,
  { after, token }: { after?: number; token?: string } = {},
): Promise<Listener> => {
  const query = after === undefined ? "" : `?after=${after}`;
  const listener = new Listener(liveAt(cloud, query), token ?? cloud.operator);
  await Promise.race([once(listener.socket, "open"), listener.over]);
  await eventually(() => listener.position >= 0 || undefined);
  return listener;
};

test("tells what is decided as it happens, and goes on where one left", async () => {
  await using cloud = await startTestCloud();
  using first = await listen(cloud);
  const { decision } = await cloud.ban("203.0.113.7", {
    reason: "brute force",
  });
  await eventually(() => first.decided[0]);
  expect(first.decided[0]).toMatchObject({
    at: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    news: {
      ...{ kind: "decided", action: "ban", feed: "urgent", ranges: 1 },
      ...{ decision, reason: "brute force", by: "admin" },
    },
  });
  const { position } = first;
  first[Symbol.dispose]();
  const missed = [
    (await cloud.ban("203.0.113.8")).decision,
    (await cloud.ban("203.0.113.9")).decision,
  ];
  using second = await listen(cloud, { after: position });
  await eventually(() => second.decided[1]);
  const live = await cloud.ban("203.0.113.10");
  await eventually(() => second.decided[2]);
  expect(second.decisions).toEqual([...missed, live.decision]);
});

test("an org's people hear of their own, and of everybody's bans by nobody", async () => {
  await using cloud = await startTestCloud();
  await cloud.enrol("mine", "web1");
  await cloud.enrol("theirs", "web2");
  const { token } = await letIn(cloud, {
    ...{ name: "customer", role: "viewer", org: "mine" },
  });
  using viewer = await listen(cloud, { after: 0, token });
  await cloud.ban("203.0.113.7");
  await cloud.ban("203.0.113.8", { feed: "org/theirs" });
  await cloud.ban("203.0.113.9", { feed: "org/mine" });
  await viewer.heard(4);
  const news = viewer.items.map(
    ({ news: { kind, feed, by, hostname, org } }) => [
      kind,
      feed ?? hostname ?? org,
      by,
    ],
  );
  expect(news).toEqual([
    ["org", "mine", undefined],
    ["agent", "web1", undefined],
    ["decided", "urgent", null],
    ["decided", "org/mine", "admin"],
  ]);
});

test("ends at once for who is let in no more", async () => {
  await using cloud = await startTestCloud();
  const { token, credential } = await letIn(cloud, {
    ...{ name: "gone", role: "viewer" },
  });
  using listener = await listen(cloud, { token });
  const { status } = await askAtDoor(cloud, cloud.operator, [
    ...(["DELETE", `/credentials/${credential}`] as const),
  ]);
  expect(status).toBeLessThan(300);
  await cloud.ban("203.0.113.7");
  expect(await listener.over).toBe(4401);
  expect(listener.decisions).toEqual([]);
});

test("says why it does not begin", async () => {
  await using cloud = await startTestCloud();
  using ahead = new Listener(liveAt(cloud, "?after=1000000"), cloud.operator);
  expect(await ahead.over).toBe(4404);
  const ask = async (query: string, token: string) => {
    const socket = new WebSocket(liveAt(cloud, query), {
      headers: { authorization: `Bearer ${token}` },
    });
    type Refusal = [unknown, { statusCode: number }];
    const [, { statusCode }] = (await once(
      socket,
      "unexpected-response",
    )) as Refusal;
    socket.on("error", () => undefined);
    socket.terminate();
    return statusCode;
  };
  expect(await ask("?after=soon", cloud.operator)).toBe(400);
  expect(await ask("", "nobody")).toBe(401);
  const joining = { name: "partner", role: "partner" } as const;
  const collection = "reputation";
  const partner = await letIn(cloud, { ...joining, collection });
  expect(await ask("", partner.token)).toBe(403);
  const plain = await fetch(`${cloud.url}/api/v1/live`, {
    headers: { authorization: `Bearer ${cloud.operator}` },
  });
  expect([plain.status, plain.headers.get("upgrade")]).toEqual([
    426,
    "websocket",
  ]);
});

test("what is no target of a request harms nobody", async () => {
  await using cloud = await startTestCloud();
  const { hostname, port } = new URL(cloud.url);
  const upgrade = (target: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let heard = "";
      socket.on("data", (data: Buffer) => (heard += data.toString()));
      socket.on("close", () => resolve(heard.split("\r\n", 1)[0] ?? ""));
      socket.on("error", reject);
      socket.write(
        `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
    });
  for (const target of ["//", "http://[", "/x/../api/v1/live", "*"]) {
    expect(await upgrade(target)).toMatch(/^HTTP\/1.1 4/);
  }
  expect(await upgrade("/api/v1/live?after=%")).toMatch(/^HTTP\/1.1 401/);
  expect((await fetch(`${cloud.url}/healthz`)).status).toBe(200);
});

test("an org's people hear of what waits for their own feed, and how it ended", async () => {
  await using cloud = await startTestCloud({ twoPersons: { enabled: true } });
  await cloud.enrol("mine", "web1");
  await cloud.enrol("theirs", "web2");
  const viewerOf = async (org: string) =>
    letIn(cloud, { name: `of ${org}`, role: "viewer", org });
  using mine = await listen(cloud, { token: (await viewerOf("mine")).token });
  using theirs = await listen(cloud, {
    token: (await viewerOf("theirs")).token,
  });
  const { token } = await letIn(cloud, { name: "ann", role: "analyst" });
  const order = { range: "198.16.0.0/12", feed: "org/mine" };
  const { status, body } = await askAsOperator<{ proposal: string }>(
    ...([cloud, token, ["POST", "/bans", order]] as const),
  );
  expect(status).toBe(202);
  const path = `/proposals/${body.proposal}/refuse`;
  await askAtDoor(cloud, cloud.operator, ["POST", path, { reason: "no" }]);
  await cloud.ban("203.0.113.7");
  await eventually(() => mine.items[2]);
  await eventually(() => theirs.items[0]);
  const { proposal } = body;
  expect(mine.items.map(({ news }) => news)).toMatchObject([
    { kind: "proposal", state: "open", by: "ann", proposal },
    { kind: "proposal", state: "refused", by: "admin", proposal },
    { kind: "decided" },
  ]);
  expect(theirs.items.map(({ news }) => news.kind)).toEqual(["decided"]);
});

test("one's newest streams take the room of one's oldest", async () => {
  await using cloud = await startTestCloud();
  const { token } = await letIn(cloud, { name: "many", role: "viewer" });
  using other = await listen(cloud);
  const streams: Listener[] = [];
  for (let nth = 0; nth < 9; nth++) {
    streams.push(await listen(cloud, { token }));
  }
  expect(await streams[0]!.over).toBe(4429);
  await cloud.ban("203.0.113.7");
  await eventually(() => other.decided[0]);
  await eventually(() => streams[8]!.decided[0]);
  for (const each of streams) each[Symbol.dispose]();
});

test("is heard at the operators' own door, too", async () => {
  await using cloud = await startTestCloud({ operatorsOnPublic: false });
  const own = `ws+unix:${operatorsSocket(cloud.dir)}:/api/v1/live`;
  using listener = new Listener(own, cloud.operator);
  await eventually(() => listener.position >= 0 || undefined);
  await askAtDoor(cloud, cloud.operator, [
    ...(["POST", "/orgs", { name: "Example" }] as const),
  ]);
  const news = { kind: "org", org: "example" };
  await eventually(() =>
    listener.items.find((each) => each.news.kind === "org"),
  );
  expect(listener.items.map((each) => each.news)).toContainEqual(news);
});

test("tells what is undone, and that it was wrong", async () => {
  await using cloud = await startTestCloud();
  const { decision } = await cloud.ban("203.0.113.7");
  using listener = await listen(cloud);
  const order = { reason: "a mistake", wrong: true };
  const path = `/decisions/${decision}/undo`;
  const { body } = await askAtDoor<{ decision: string }>(
    ...([cloud, cloud.operator, ["POST", path, order]] as const),
  );
  const isUndone = ({ news }: Item): boolean => news.kind === "undone";
  const told = await eventually(() => listener.items.find(isUndone));
  expect(told.news).toMatchObject({
    ...{ undoes: decision, decision: body.decision, feed: "urgent" },
    ...{ wrong: true, by: "admin", reason: "a mistake" },
  });
});
