import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { Client } from "../../../cloud/cli/client.js";
import { waitForHosts } from "../../../cloud/cli/wait.js";

type Answer = readonly [status: number, body: object];

const BUSY: Answer = [429, { code: "one-at-a-time", detail: "ask later" }];
const TOLD: Answer = [200, { hosts: [] }];

/** A cloud that answers what it is asked one after the other. */
async function answering(...answers: readonly Answer[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [status, body] = answers[asked.length] ?? TOLD;
    asked.push(request.url ?? "");
    response.writeHead(status).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const where = { dir: "nowhere", url: `http://127.0.0.1:${port}` };
  return {
    asked,
    client: Client.at({ ...where, ca: undefined }, "token"),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

describe("waiting for hosts", () => {
  it("asks again where the cloud has enough to look through, of one decision after the other", async () => {
    await using cloud = await answering(BUSY, BUSY, TOLD, BUSY, TOLD);
    const told = await waitForHosts(cloud.client, ["dec-1", "dec-2"], 60_000);
    expect(told).toHaveLength(2);
    const [first, second] = [
      "/api/v1/decisions/dec-1",
      "/api/v1/decisions/dec-2",
    ];
    expect(cloud.asked).toEqual([first, first, first, second, second]);
  });

  it("ends with that, once it has waited long enough", async () => {
    await using cloud = await answering(BUSY, BUSY, BUSY);
    const waited = waitForHosts(cloud.client, ["dec-1"], 0);
    await expect(waited).rejects.toThrow("ask later");
    expect(cloud.asked).toHaveLength(1);
  });
});
