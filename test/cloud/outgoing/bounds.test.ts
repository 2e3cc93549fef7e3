import { setTimeout as sleep } from "node:timers/promises";
import * as zlib from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import {
  MOST_CALLS,
  MOST_CALLS_OF_HOST,
} from "../../../cloud/outgoing/calls.js";
import { nameServer } from "../../support/cloud/name-server.js";
import { ManualClock, until } from "../../support/time/clock.js";
import { doorTo, web } from "../../support/cloud/web.js";

const MIB = 1024 * 1024;

describe("what is taken of an answer", () => {
  it("is as many bytes as may come, and not one more", async () => {
    await using there = await web(({ url }, response) => {
      if (url === "/told") response.setHeader("content-length", 1_000);
      response.write("a".repeat(400));
      response.end("b".repeat(600));
    });
    using door = doorTo();
    for (const path of ["/told", "/chunked"]) {
      const url = there.url + path;
      const just = await door.fetch(url, {}, { mostBytes: 1_000 });
      expect((await just.text()).length).toBe(1_000);
      const over = async () =>
        (await door.fetch(url, {}, { mostBytes: 999 })).text();
      await expect(over()).rejects.toMatchObject({
        ...{ name: "OutgoingRefused", field: "size", value: there.url },
      });
    }
  });

  it.each([
    ["gzip", zlib.gzipSync],
    ["deflate", zlib.deflateSync],
    ["deflate", zlib.deflateRawSync],
    ["br", zlib.brotliCompressSync],
  ] as const)(
    "is inflated from %s, as far as it may grow",
    async (coding, pack) => {
      const bytes = pack(Buffer.alloc(100_000, "a"));
      await using there = await web((_, response) => {
        response.setHeader("content-encoding", coding);
        response.end(bytes);
      });
      using door = doorTo();
      const bounds = { mostBytes: bytes.length, mostInflated: 100_000 };
      const just = await door.fetch(there.url, {}, bounds);
      expect(just.headers.has("content-encoding")).toBe(false);
      expect((await just.text()).length).toBe(100_000);
      const over = async () => {
        const less = { ...bounds, mostInflated: 99_999 };
        return (await door.fetch(there.url, {}, less)).text();
      };
      await expect(over()).rejects.toMatchObject({
        ...{ name: "OutgoingRefused", field: "inflation" },
      });
    },
  );

  it("comes piece by piece, so that much of it is in no memory", async () => {
    let sent = 0;
    await using there = await web((_, response) => {
      const piece = Buffer.alloc(64 * 1024);
      const more = () => {
        while (sent < 128 * MIB) {
          sent += piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on("drain", more);
      more();
    });
    using door = doorTo();
    const answer = await door.fetch(there.url, {}, { mostBytes: 128 * MIB });
    const reader = answer.body!.getReader();
    await reader.read();
    await sleep(300);
    // What the kernel and streams hold ready, and not all of it.
    expect(sent).toBeLessThan(64 * MIB);
    await reader.cancel();
  });

  it("has no body where there is none", async () => {
    await using there = await web(({ url }, response) => {
      response.writeHead(url === "/head" ? 200 : 204);
      response.end();
    });
    using door = doorTo();
    const empty = await door.fetch(there.url);
    expect([empty.status, empty.body]).toEqual([204, null]);
    const head = await door.fetch(`${there.url}/head`, { method: "HEAD" });
    expect([head.status, head.body]).toEqual([200, null]);
  });
});

describe("the time of a call", () => {
  it("ends while bytes still drip", async () => {
    await using there = await web((_, response) => {
      response.write("a");
      const timer = setInterval(() => response.write("a"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const clock = new ManualClock();
    using door = doorTo(["127.0.0.1"], { clock });
    const reader = (await door.fetch(there.url)).body!.getReader();
    await clock.advance(29_999);
    expect((await reader.read()).done).toBe(false);
    await clock.advance(1);
    await expect(reader.read()).rejects.toMatchObject({
      ...{ name: "OutgoingFailed", code: "ETIMEDOUT" },
      message: `${there.url} takes more than 30 s: try again, and see what slows it down`,
    });
  });

  it("ends earlier where no byte comes", async () => {
    await using there = await web(({ url }, response) => {
      if (url === "/late") response.write("a");
    });
    const clock = new ManualClock();
    using door = doorTo(["127.0.0.1"], { clock });
    const silent = expect(door.fetch(there.url)).rejects.toThrow(
      "says nothing for 10 s",
    );
    const waits = () => clock.due.includes(10_000);
    await until("it is asked", () => there.asked.length === 1 && waits());
    await clock.advance(10_000);
    await silent;
    const bounds = { betweenMs: 3_000 };
    const answer = await door.fetch(`${there.url}/late`, {}, bounds);
    const reader = answer.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    const rest = expect(reader.read()).rejects.toThrow("says nothing for 3 s");
    await until("it waits for the rest", () => clock.due.includes(3_000));
    await clock.advance(3_000);
    await rest;
  });

  it("is not over while the caller takes his own", async () => {
    await using there = await web((_, response) => {
      response.write("a");
      response.end("b");
    });
    const clock = new ManualClock();
    using door = doorTo(["127.0.0.1"], { clock });
    const answer = await door.fetch(there.url);
    await clock.advance(29_000);
    expect(await answer.text()).toBe("ab");
  });

  it("is over for a name that nobody resolves", async () => {
    const clock = new ManualClock();
    const lookup = () => new Promise<never>(() => undefined);
    using door = doorTo(["127.0.0.1"], { clock, lookup });
    const never = expect(door.fetch("https://slow.test")).rejects.toThrow(
      "https://slow.test has a name that nobody resolves",
    );
    await until("it is looked up", () => clock.due.includes(10_000));
    await clock.advance(10_000);
    await never;
  });

  it("ends when the caller says so, before the head and after", async () => {
    await using there = await web(({ url }, response) => {
      if (url === "/late") response.write("a");
    });
    using door = doorTo();
    const early = new AbortController();
    const none = door.fetch(there.url, { signal: early.signal });
    setTimeout(() => early.abort(new Error("enough")), 50);
    await expect(none).rejects.toThrow("enough");
    const late = new AbortController();
    const { signal } = late;
    const answer = await door.fetch(`${there.url}/late`, { signal });
    late.abort(new Error("enough of it"));
    await expect(answer.text()).rejects.toThrow("enough of it");
    await expect(
      door.fetch(there.url, { signal: AbortSignal.abort(new Error("never")) }),
    ).rejects.toThrow("never");
  });

  it("ends with the door", async () => {
    await using there = await web((_, response) => response.write("a"));
    const door = doorTo();
    const answer = await door.fetch(there.url);
    door[Symbol.dispose]();
    await expect(answer.text()).rejects.toThrow("the cloud stops");
  });

  it("of what was given up leaves nothing that looks whole", async () => {
    await using there = await web((_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.write(zlib.gzipSync("a".repeat(200_000)));
    });
    const clock = new ManualClock();
    using door = doorTo(["127.0.0.1"], { clock });
    const reader = (await door.fetch(there.url)).body!.getReader();
    expect((await reader.read()).done).toBe(false);
    await clock.advance(30_000);
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toThrow("takes more than 30 s");
  });
});

describe("how many calls are on their way", () => {
  it("is bounded for a host, and a call that ends makes room", async () => {
    await using there = await web((_, response) => response.end("answer"));
    using door = doorTo();
    const open = await Promise.all(
      Array.from({ length: MOST_CALLS_OF_HOST }, () => door.fetch(there.url)),
    );
    await expect(door.fetch(there.url)).rejects.toMatchObject({
      ...{ name: "OutgoingRefused", field: "host", value: "127.0.0.1" },
      message:
        'host "127.0.0.1" is one call too many: 16 to it and 16 in all are on their way; try again in a moment',
    });
    const [read, cancelled, ...rest] = open;
    await read!.text();
    await (await door.fetch(there.url)).text();
    await cancelled!.body!.cancel();
    await (await door.fetch(there.url)).text();
    const failing = door.fetch(`${there.url}:x`);
    await expect(failing).rejects.toThrow("is not a URL");
    await Promise.all(rest.map((each) => each.text()));
  });

  it("does not grow by what nobody reads", async () => {
    await using there = await web((_, response) => response.end("answer"));
    const clock = new ManualClock();
    using door = doorTo(["127.0.0.1"], { clock });
    const ask = () => door.fetch(there.url);
    await Promise.all(Array.from({ length: MOST_CALLS_OF_HOST }, ask));
    await expect(ask()).rejects.toThrow("one call too many");
    await clock.advance(30_000);
    expect(await (await ask()).text()).toBe("answer");
    expect(clock.due).toEqual([]);
  });

  it("is bounded in all, whatever the hosts", async () => {
    await using there = await web((_, response) => response.end("answer"));
    const hosts = MOST_CALLS / MOST_CALLS_OF_HOST;
    const names = Array.from({ length: hosts + 1 }, (_, i) => `h${i}.test`);
    await using dns = await nameServer(
      Object.fromEntries(names.map((name) => [name, [["127.0.0.1"]]])),
    );
    using door = doorTo(["127.0.0.1"], { lookup: dns.lookup });
    const urls = names.map((name) => `http://${name}:${there.port}/`);
    const open = urls.slice(0, hosts).flatMap((url) => {
      return Array.from({ length: MOST_CALLS_OF_HOST }, () => door.fetch(url));
    });
    await Promise.all(open);
    await expect(door.fetch(urls.at(-1)!)).rejects.toThrow(
      "0 to it and 64 in all are on their way",
    );
  });
});
