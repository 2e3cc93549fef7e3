import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import type { IncomingMessage, RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { limits } from "../../agent/protocol/limits.js";
import {
  fetchSegments,
  fetchSnapshot,
  type FetchOptions,
} from "../../agent/uplink/fetch.js";
import { FakeCloud, handsOut } from "../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../support/time/clock.js";
import { sha256Hex } from "../support/vectors.js";

const file = Buffer.alloc(200_000, "a million bans ");
const wanted = { sha256: sha256Hex(file), bytes: file.length };

describe("a snapshot", () => {
  it("is fetched whole, with the session's right to it", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(file));
    const path = await bench.snapshot();
    expect(readFileSync(path)).toEqual(file);
    expect(bench.requests.map(({ url }) => url)).toEqual([
      `/v1/snapshots/${wanted.sha256}`,
    ]);
    expect(bench.requests[0]?.headers.authorization).toBe("Bearer the-session");
  });

  it("is not fetched again once it is there", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(file));
    await bench.snapshot();
    await bench.snapshot();
    expect(bench.requests).toHaveLength(1);
  });

  it("is gone on with where the connection was cut", async () => {
    await using bench = await Bench.start();
    bench.serve(cutOffAt(80_000));
    await expect(bench.snapshot()).rejects.toThrow();
    const kept = readFileSync(join(bench.folder, `${wanted.sha256}.tqn.part`));
    expect(kept).toEqual(file.subarray(0, kept.length));

    bench.serve(handsOut(file));
    expect(readFileSync(await bench.snapshot())).toEqual(file);
    expect(bench.requests.at(-1)?.headers.range).toBe(`bytes=${kept.length}-`);
    expect(kept.length).toBeGreaterThan(0);
  });

  it("of another content is thrown away, and fetched anew", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(Buffer.alloc(file.length, "other bans ")));
    await expect(bench.snapshot()).rejects.toThrow("the snapshot is not");
    expect(readdirSync(bench.folder)).toEqual([]);

    bench.serve(handsOut(file));
    expect(readFileSync(await bench.snapshot())).toEqual(file);
    expect(bench.requests.at(-1)?.headers.range).toBeUndefined();
  });

  it("of more bytes than announced is cut off", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(Buffer.concat([file, file])));
    await expect(bench.snapshot()).rejects.toThrow(
      "more than 200000 bytes came",
    );
  });

  it("of fewer bytes than announced is not taken", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(file.subarray(0, 1_000)));
    await expect(bench.snapshot()).rejects.toThrow("the snapshot is not");
  });

  it("that drips is given up, and gone on with later", async () => {
    await using bench = await Bench.start();
    bench.serve((_request, response) => {
      response.writeHead(200, { "content-length": file.length });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(file.subarray(sent, ++sent));
      }, 5);
      response.once("close", () => clearInterval(timer));
    });
    const fetching = bench.snapshot();
    fetching.catch(() => undefined);
    const part = join(bench.folder, `${wanted.sha256}.tqn.part`);
    await until("a few bytes", () => {
      return (statSync(part, { throwIfNoEntry: false })?.size ?? 0) > 0;
    });
    await bench.clock.advance(17_000);
    await expect(fetching).rejects.toThrow();
    bench.serve(handsOut(file));
    expect(readFileSync(await bench.snapshot())).toEqual(file);
    expect(bench.requests.at(-1)?.headers.range).toMatch(/^bytes=[1-9]/);
  });

  it("that is announced too large is not asked for", async () => {
    await using bench = await Bench.start();
    bench.serve(handsOut(file));
    const bytes = limits.snapshotBytes + 1;
    await expect(
      fetchSnapshot(bench.options, { ...wanted, bytes }, bench.folder),
    ).rejects.toThrow("is too large");
    expect(bench.requests).toEqual([]);
  });

  it.each([401, 404, 500, 302])(
    "is not what HTTP %i brings",
    async (status) => {
      await using bench = await Bench.start();
      bench.serve((_request, response) => response.writeHead(status).end(file));
      await expect(bench.snapshot()).rejects.toThrow(`HTTP ${status}`);
    },
  );

  it("is begun anew where the cloud can't go on with it", async () => {
    await using bench = await Bench.start();
    bench.serve(cutOffAt(80_000));
    await expect(bench.snapshot()).rejects.toThrow();
    bench.serve((_request, response) => response.writeHead(200).end(file));
    expect(readFileSync(await bench.snapshot())).toEqual(file);
  });

  it("that nobody wants any more is let go of", async () => {
    await using bench = await Bench.start();
    bench.serve((_request, response) => response.writeHead(200).write("a"));
    const fetching = bench.snapshot();
    setTimeout(() => bench.stop.abort(), 20);
    await expect(fetching).rejects.toThrow();
  });
});

describe("segments", () => {
  const at = { feed: "org/acme", epoch: "e1", from: 7 };

  it("are asked for by feed, epoch and op", async () => {
    await using bench = await Bench.start();
    bench.serve((_request, response) => response.end("signed bytes"));
    const bytes = await fetchSegments(bench.options, at);
    expect(bytes.toString()).toBe("signed bytes");
    expect(bench.requests[0]?.url).toBe(
      "/v1/segments?feed=org%2Facme&epoch=e1&from=7",
    );
  });

  it("of over 5 MiB are not read to the end", async () => {
    await using bench = await Bench.start();
    const endless = Buffer.alloc(1024 * 1024);
    bench.serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(endless));
      };
      response.on("drain", more);
      more();
    });
    await expect(fetchSegments(bench.options, at)).rejects.toThrow(
      "the answer has over 5242880 bytes",
    );
  });

  it("are missed with the cloud's status", async () => {
    await using bench = await Bench.start();
    await expect(fetchSegments(bench.options, at)).rejects.toThrow("HTTP 404");
  });

  it("are missed where nobody listens", async () => {
    await using bench = await Bench.start();
    const base = new URL("ws://127.0.0.1:1");
    await expect(fetchSegments({ ...bench.options, base }, at)).rejects.toThrow(
      "cannot fetch /v1/segments?feed=org%2Facme&epoch=e1&from=7: nothing listens there",
    );
  });
});

/** A cloud that hands out files, and a folder to fetch them into. */
class Bench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tourniquet-fetch-"));
  readonly requests: IncomingMessage[] = [];
  readonly stop = new AbortController();
  readonly clock = new ManualClock();

  private constructor(readonly cloud: FakeCloud) {}

  static async start(): Promise<Bench> {
    return new Bench(await FakeCloud.start());
  }

  get options(): FetchOptions {
    const { url } = this.cloud;
    const { signal } = this.stop;
    return {
      base: new URL(url),
      way: { ca: undefined, proxy: undefined },
      session: "the-session",
      signal,
      clock: this.clock,
    };
  }

  serve(listener: RequestListener): void {
    this.cloud.serve = (request, response) => {
      this.requests.push(request);
      listener(request, response);
    };
  }

  snapshot(): Promise<string> {
    return fetchSnapshot(this.options, wanted, this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

function cutOffAt(bytes: number): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { "content-length": file.length });
    response.write(file.subarray(0, bytes), () =>
      setTimeout(() => response.destroy(), 20),
    );
  };
}
