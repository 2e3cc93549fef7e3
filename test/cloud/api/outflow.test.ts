import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Outflow } from "../../../cloud/api/asked/outflow.js";
import { ManualClock, until } from "../../support/time/clock.js";

const BOUNDS = { mostMs: 60_000, stallMs: 10_000 };

/** What became of one answer. */
interface Fate {
  isOver: boolean;
  /** Pieces that were made. */
  made: number;
  /** Whether who makes them was told to stop. */
  isStopped: boolean;
  readonly cut: string[];
}

describe("an answer that goes out piece by piece", () => {
  let clock: ManualClock;
  let server: http.Server;
  let fate: Fate;
  /** How many pieces there are; a piece that is no number fails. */
  let pieces = 0;
  let fails = false;

  async function* made(): AsyncGenerator<Uint8Array> {
    try {
      for (; fate.made < pieces; fate.made++) {
        await Promise.resolve();
        yield Buffer.alloc(100_000, "x");
      }
      if (fails) throw new Error("the bans are gone");
    } finally {
      fate.isStopped = true;
    }
  }

  beforeEach(async () => {
    clock = new ManualClock();
    fate = { isOver: false, made: 0, isStopped: false, cut: [] };
    fails = false;
    const answered = (_: Request, { outgoing }: HttpBindings) => {
      const over = () => (fate.isOver = true);
      const outflow = new Outflow(outgoing, clock, over);
      return new Response(
        outflow.body(made(), BOUNDS, (why) =>
          fate.cut.push((why as Error).message),
        ),
      );
    };
    const listener = getRequestListener(
      (request, env) => answered(request, env as HttpBindings),
      { overrideGlobalObjects: false },
    );
    server = http.createServer((...asked) => void listener(...asked));
    await once(server.listen(0, "127.0.0.1"), "listening");
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = async (): Promise<http.IncomingMessage> => {
    const { port } = server.address() as AddressInfo;
    const request = http.get({ port, host: "127.0.0.1", agent: false });
    const [response] = (await once(request, "response")) as [
      http.IncomingMessage,
    ];
    return response;
  };

  const bytesOf = async (response: http.IncomingMessage): Promise<number> => {
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    return bytes;
  };

  const stuck = async (): Promise<void> => {
    let before = -1;
    await until("nothing more is taken", async () => {
      if (fate.made === before) return true;
      before = fate.made;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return false;
    });
  };

  it("is told to its end", async () => {
    pieces = 30;
    expect(await bytesOf(await ask())).toBe(3_000_000);
    await until("it is over", () => fate.isOver);
    expect(fate).toMatchObject({ isStopped: true, cut: [] });
    expect(clock.due).toEqual([]);
  });

  it("is made no faster than it is taken, and cut if it is not", async () => {
    pieces = 10_000;
    const response = await ask();
    await stuck();
    expect(fate.made).toBeLessThan(1_000);
    await clock.advance(BOUNDS.stallMs + 1_000);
    await until("it is over", () => fate.isOver && fate.isStopped);
    expect(fate.cut).toEqual(["nothing of it was taken for 10 s"]);
    await expect(bytesOf(response)).rejects.toThrow("aborted");
  });

  it("ends with a broken connection once it took too long", async () => {
    pieces = Infinity;
    const response = await ask();
    const read = bytesOf(response);
    const ends = expect(read).rejects.toThrow("aborted");
    await clock.advance(BOUNDS.mostMs + 1_000);
    await ends;
    expect(fate.cut).toEqual(["it took more than 60 s"]);
  });

  it("ends likewise where there is no more of it", async () => {
    [pieces, fails] = [3, true];
    await expect(ask().then(bytesOf)).rejects.toThrow();
    expect(fate.cut).toEqual(["the bans are gone"]);
  });

  it("is made no more for one who has gone", async () => {
    pieces = Infinity;
    (await ask()).destroy();
    await until("it is over", () => fate.isOver && fate.isStopped);
    expect(fate.cut).toEqual([]);
    expect(clock.due).toEqual([]);
  });
});
