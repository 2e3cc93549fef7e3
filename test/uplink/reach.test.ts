import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { describe, expect, it, test } from "@jest/globals";
import { makeCertificate } from "../../scripts/lab/certificate.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { dial } from "../../agent/uplink/dial.js";
import { fetchRoot } from "../../agent/uplink/fetch.js";
import { reach, type Way } from "../../agent/uplink/reach.js";
import { FakeCloud } from "../support/cloud/fake-cloud.js";
import { HttpProxy } from "../support/cloud/http-proxy.js";
import { certificateOf } from "../support/cloud/old-certificate.js";
import { TestFolder } from "../support/folder.js";

const DIRECT: Way = { ca: undefined, proxy: undefined };
const year = (number: number) => Date.UTC(number, 0, 1);

/** What comes of it: "reached", or why not. */
async function outcome(
  url: string | URL,
  way: Partial<Way> = {},
  now = Date.now(),
): Promise<string> {
  const patience = { timeoutMs: 5_000, now };
  try {
    const socket = await reach(new URL(url), { ...DIRECT, ...way }, patience);
    socket.destroy();
    return "reached";
  } catch (error) {
    return (error as Error).message;
  }
}

/** A cloud with a certificate, whose PEM is its own authority. */
async function secureCloud(made: {
  readonly cert: string;
  readonly key: string;
}) {
  const [cert, key] = [made.cert, made.key].map((path) =>
    readFileSync(path, "utf8"),
  ) as [string, string];
  const cloud = await FakeCloud.start(0, { address: "127.0.0.1", cert, key });
  return { cloud, ca: cert };
}

describe("a certificate", () => {
  it("of a private authority is believed by its file, and no other way", async () => {
    using folder = new TestFolder();
    const made = await makeCertificate(folder.path, "127.0.0.1");
    const { cloud, ca } = await secureCloud(made);
    await using _cloud = cloud;
    expect(await outcome(cloud.url, { ca })).toBe("reached");
    expect(await outcome(cloud.url)).toMatch(
      /authority that this host does not know; .*cloud\.caFile/,
    );
  });

  it("for another name is refused", async () => {
    using folder = new TestFolder();
    const made = await makeCertificate(folder.path, "cloud.example");
    const { cloud, ca } = await secureCloud(made);
    await using _cloud = cloud;
    expect(await outcome(cloud.url, { ca })).toMatch(
      /is for another name; .*captive portal/,
    );
  });

  it("that ran out is told with its date, and by whose clock", async () => {
    using folder = new TestFolder();
    const made = await certificateOf(folder.path, [2020, 2026]);
    const { cloud, ca } = await secureCloud(made);
    await using _cloud = cloud;
    expect(await outcome(cloud.url, { ca }, year(2026) + 86_400_000)).toBe(
      "its certificate ran out on 2026-01-01T00:00:00Z, and this host's clock says 2026-01-02T00:00:00Z, 24 h later: tell who runs the cloud to renew it, unless that clock is wrong",
    );
    // In 1970 it is the clock that is wrong, and nothing else is blamed.
    expect(await outcome(cloud.url, { ca }, 0)).toBe(
      "this host's clock says 1970-01-01T00:00:00Z, which cannot be: set it (timedatectl set-ntp true)",
    );
  });

  it("that is not valid yet may be a clock that is behind", async () => {
    using folder = new TestFolder();
    const made = await certificateOf(folder.path, [2090, 2099]);
    const { cloud, ca } = await secureCloud(made);
    await using _cloud = cloud;
    expect(await outcome(cloud.url, { ca }, year(2090) - 60_000)).toMatch(
      /^its certificate is valid from 2090-01-01T00:00:00Z on, .* 1 min earlier: if that clock is wrong/,
    );
  });
});

describe("a connection", () => {
  it("that nobody takes, and one that stays silent, are told apart", async () => {
    expect(await outcome("https://127.0.0.1:1")).toMatch(/nothing listens/);
    const silent = createTcpServer((socket) =>
      socket.on("error", () => undefined),
    );
    await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
    const { port } = silent.address() as AddressInfo;
    const patience = { timeoutMs: 100, now: Date.now() };
    const url = new URL(`https://127.0.0.1:${port}`);
    await expect(reach(url, DIRECT, patience)).rejects.toThrow(
      "it takes connections, and said nothing for 0.1 s",
    );
    silent.close();
  });

  it("to a server without TLS says so", async () => {
    await using cloud = await FakeCloud.start();
    const url = cloud.url.replace("http:", "https:");
    expect(await outcome(url)).toMatch(/does not speak TLS/);
  });

  it("ends with its signal", async () => {
    const signal = AbortSignal.abort(new Error("stopped here"));
    const patience = { timeoutMs: 5_000, now: 0, signal };
    await expect(
      reach(new URL("http://127.0.0.1:1"), DIRECT, patience),
    ).rejects.toThrow("stopped here");
  });
});

describe("a captive portal", () => {
  const portals: [string, number, Record<string, string>, RegExp][] = [
    [
      "that leads elsewhere",
      302,
      { location: "http://portal.example/login" },
      /leads elsewhere to http:\/\/portal\.example\/login \(HTTP 302\).*captive/,
    ],
    ["that answers a page", 200, { "content-type": "text/html" }, /web page/],
    ["that says what it is", 511, {}, /sign in to the network/],
  ];
  test.each(portals)("%s is told", async (_what, status, headers, why) => {
    const portal = createServer((_request, response) =>
      response.writeHead(status, headers).end(),
    );
    await new Promise<void>((done) => portal.listen(0, "127.0.0.1", done));
    const { port } = portal.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    await expect(dialed(url, DIRECT)).rejects.toThrow(why);
    await expect(fetched(url, DIRECT)).rejects.toThrow(why);
    portal.close();
    portal.closeAllConnections();
  });
});

describe("a proxy", () => {
  it("leads the stream and what is fetched to the cloud", async () => {
    using folder = new TestFolder();
    const made = await makeCertificate(folder.path, "127.0.0.1");
    const { cloud, ca } = await secureCloud(made);
    await using _cloud = cloud;
    await using proxy = await HttpProxy.start();
    const way = { ca, proxy: { url: proxy.url, credentials: "me:päss:word" } };
    await using _link = await dialed(cloud.url, way);
    await expect(fetched(cloud.url, way)).rejects.toThrow("HTTP 404");
    const authority = `127.0.0.1:${cloud.port}`;
    expect(proxy.led).toEqual([authority, authority]);
    const said = Buffer.from("me:päss:word").toString("base64");
    expect(proxy.asked[0]).toMatchObject({
      host: authority,
      "proxy-authorization": `Basic ${said}`,
    });
    // What is for the cloud, the proxy is not told.
    expect(proxy.asked[1]).not.toHaveProperty("authorization");
  });

  const refusals: [number, string | undefined, RegExp][] = [
    [407, undefined, /asks for a user .* cloud\.proxyCredentialsFile/],
    [407, "me:secret", /does not take the user and password .*\(HTTP 407\)$/],
    [
      403,
      undefined,
      /does not let this host reach 127\.0\.0\.1:9 \(HTTP 403\)/,
    ],
    [502, undefined, /could not reach 127\.0\.0\.1:9 itself \(HTTP 502\)/],
    [405, undefined, /is it a proxy that knows CONNECT\?/],
  ];
  test.each(refusals)(
    "that answers %i says why",
    async (status, credentials, why) => {
      await using proxy = await HttpProxy.start();
      proxy.status = status;
      const way = { proxy: { url: proxy.url, credentials } };
      const said = await outcome("https://127.0.0.1:9", way);
      expect(said).toMatch(why);
      expect(said).not.toContain("secret");
    },
  );

  it("that is not there is told as such, not as the cloud", async () => {
    const url = new URL("http://127.0.0.1:1");
    expect(
      await outcome("https://cloud.example", {
        proxy: { url, credentials: undefined },
      }),
    ).toMatch(/^the proxy 127\.0\.0\.1:1 cannot be reached: nothing listens/);
  });
});

function dialed(cloud: string, way: Way) {
  const url = new URL("/v1/agent", cloud.replace(/^http/, "ws"));
  const options = { url, way, handshakeMs: 5_000, clock: systemClock };
  return dial(options, new AbortController().signal);
}

function fetched(cloud: string, way: Way) {
  const { signal } = new AbortController();
  const session = { session: "the-session", signal, clock: systemClock };
  return fetchRoot({ base: new URL(cloud), way, ...session }, 2);
}
