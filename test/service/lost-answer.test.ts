import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import {
  decodeToken,
  encodeToken,
  type EnrolmentToken,
} from "../../agent/protocol/enrolment.js";
import { comeIn } from "../../service/identity/come-in.js";
import { readIdentity } from "../../service/identity/identity-store.js";
import { readPending } from "../../service/identity/pending.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";

describe("an enrolment whose answer was lost", () => {
  it("is asked for again with the same key, and is one agent", async () => {
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using way = await cuttingOnce(cloud.url);
    const token = tokenBy(way.url, await cloud.token(org));
    using folder = new TestFolder();
    const ask = () => comeIn(folder.path, optionsOf(token), undefined);
    await expect(ask()).rejects.toThrow("cannot reach");
    const kept = readPending(folder.path)?.key ?? "";
    expect(keysIn(folder)).toEqual([`device-${kept}.key`]);
    expect(await ask()).toMatch(/^enrolled as agt-/);
    expect(way.passed).toEqual([201, 201]);
    const { identity, deviceKey } = readIdentity(folder.path);
    expect(deviceKey.id).toBe(kept);
    expect(readPending(folder.path)).toBeUndefined();
    const { body } = await cloud.request<{ items: readonly { id: string }[] }>(
      ...(["GET", "/api/v1/agents"] as const),
    );
    expect(body.items.map(({ id }) => id)).toEqual([identity.agent]);
  });

  it("takes another key for another token, and leaves none behind", async () => {
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await using way = await cuttingOnce(cloud.url);
    using folder = new TestFolder();
    const first = tokenBy(way.url, await cloud.token(org));
    const ask = (token: EnrolmentToken) =>
      comeIn(folder.path, optionsOf(token), undefined);
    await expect(ask(first)).rejects.toThrow("cannot reach");
    const kept = readPending(folder.path)?.key;
    await ask(tokenBy(way.url, await cloud.token(org)));
    const { deviceKey } = readIdentity(folder.path);
    expect(deviceKey.id).not.toBe(kept);
    expect(keysIn(folder)).toEqual([`device-${deviceKey.id}.key`]);
  });

  it("keeps no key where the cloud says no", async () => {
    await using cloud = await startTestCloud();
    const token = await cloud.token(await cloud.addOrg("example"));
    const ask = (folder: TestFolder) =>
      comeIn(folder.path, optionsOf(decodeToken(token)), undefined);
    using folder = new TestFolder();
    using other = new TestFolder();
    await ask(folder);
    await expect(ask(other)).rejects.toThrow("was used by agt-");
    expect(keysIn(other)).toEqual([]);
    expect(readPending(other.path)).toBeUndefined();
  });
});

const keysIn = ({ path }: TestFolder): readonly string[] =>
  readdirSync(path).filter((name) => name.endsWith(".key"));

const optionsOf = (token: EnrolmentToken) => ({
  token,
  inventory: { hostname: "host.example", system: "Linux" },
  ...{ version: "0.8.0", way: { ca: undefined, proxy: undefined } },
});

/** The same token, by another way to its cloud. */
const tokenBy = (url: string, token: string): EnrolmentToken =>
  decodeToken(encodeToken({ ...decodeToken(token), url }));

/** A way to a cloud that lets every request through, and not the first answer. */
async function cuttingOnce(cloud: string) {
  const passed: number[] = [];
  const server = createServer((asked, answer) => {
    const on = request(new URL(asked.url ?? "/", cloud), {
      method: asked.method,
      headers: asked.headers,
    });
    asked.pipe(on);
    on.on("response", (response) => {
      passed.push(response.statusCode ?? 0);
      response.on("end", () => passed.length === 1 && answer.destroy());
      if (passed.length === 1) return response.resume();
      answer.writeHead(response.statusCode ?? 500, response.headers);
      return response.pipe(answer);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
