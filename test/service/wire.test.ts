import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { askAgent } from "../../service/control/client.js";
import { ask } from "../../service/control/wire.js";
import { TestFolder } from "../support/folder.js";

/** What answers whatever is asked with these bytes, a piece at a time. */
async function answering(pieces: readonly string[]) {
  const folder = new TestFolder();
  const path = join(folder.path, "control.sock");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        socket.end();
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      folder[Symbol.dispose]();
    },
  };
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

describe("an answer over the control socket", () => {
  it("may come in pieces, within its head and within a letter", async () => {
    const body = JSON.stringify({ says: "für immer: x: y" });
    const bytes = Buffer.byteLength(body);
    const whole = `${HEAD}Content-Length: ${bytes}\r\n\r\n${body}`;
    await using agent = await answering(whole.split(/(?:)/u));
    expect(await askAgent(agent.path, "/v1/status")).toEqual(JSON.parse(body));
  });

  it("may be without a length, as long as it is whole", async () => {
    await using agent = await answering([`${HEAD}\r\n`, '{"a":', "1}"]);
    expect(await askAgent(agent.path, "/v1/status")).toEqual({ a: 1 });
  });

  it.each([
    ["cut short", [`${HEAD}Content-Length: 99\r\n\r\n{"a":1}`], "ended before"],
    ["nothing", [""], "is no agent"],
    ["something else", ["SSH-2.0-OpenSSH_9.2\r\n\r\n"], "is no agent"],
    ["no JSON", [`${HEAD}\r\nhello`], "is no agent"],
    ["a head without an end", ["x".repeat(20_000), "y"], "is no agent"],
  ])("is told from one that is %s", async (_, pieces, why) => {
    await using agent = await answering(pieces);
    await expect(askAgent(agent.path, "/v1/status")).rejects.toThrow(why);
  });

  it("is waited for only so long", async () => {
    await using agent = await answering([]);
    const silent = createServer(() => undefined);
    const path = `${agent.path}-silent`;
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    const asked = ask(path, { path: "/v1/status" }, 50);
    await expect(asked).rejects.toThrow("no answer in time");
    silent.close();
  });
});
