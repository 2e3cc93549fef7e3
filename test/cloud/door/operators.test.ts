import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { statusOf } from "../../../cloud/cli/ask-cloud.js";
import { orgsOf } from "../../../cloud/cli/ask-orgs.js";
import { Client } from "../../../cloud/cli/client.js";
import {
  askAtOperatorsDoor,
  isOperatorsDoorOpen,
  openOperatorsDoor,
  operatorsSocket,
} from "../../../cloud/door/operators-door.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";

describe("the operators' own door", () => {
  it("is for whoever may open the cloud's folder, with a token all the same", async () => {
    await using cloud = await startTestCloud();
    expect(statSync(operatorsSocket(cloud.dir)).mode & 0o777).toBe(0o600);
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const options = { path: "/api/v1/status", headers };
      const answer = await askAtOperatorsDoor(cloud.dir, options, undefined);
      answer.resume();
      return answer.statusCode;
    };
    expect(await ask(cloud.operator)).toBe(200);
    expect(await ask("A".repeat(43))).toBe(401);
  });

  it("is what commands use, and may be the only one", async () => {
    await using cloud = await startTestCloud({ operatorsOnPublic: false });
    const { status } = await cloud.request("GET", "/api/v1/orgs");
    expect(status).toBe(404);
    const client = Client.of(cloud.dir);
    expect(await orgsOf(client)).toEqual([]);
    expect((await statusOf(client)).connections.open).toBeGreaterThan(0);
  });

  it("is gone with its cloud, so that commands turn to the public one", async () => {
    const cloud = await startTestCloud();
    const { dir } = cloud;
    expect(await isOperatorsDoorOpen(dir)).toBe(true);
    await cloud[Symbol.asyncDispose]();
    expect(await isOperatorsDoorOpen(dir)).toBe(false);
  });

  it("opens over what an earlier cloud left, and at a path of any length", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "x".repeat(120));
    mkdirSync(dir);
    for (let life = 0; life < 2; life++) {
      await using _door = await openOperatorsDoor(dir, (_request, response) =>
        response.end(`life ${life}`),
      );
      const answer = await askAtOperatorsDoor(dir, { path: "/" }, undefined);
      answer.setEncoding("utf8");
      expect(await answer.toArray()).toEqual([`life ${life}`]);
    }
  });
});
