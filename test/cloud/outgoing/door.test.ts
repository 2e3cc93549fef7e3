import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { customFetch, discovery, type CustomFetch } from "openid-client";
import { silentLogger } from "../../../agent/log/logger.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { BadCaFile } from "../../../cloud/outgoing/authorities.js";
import { OutgoingDoor } from "../../../cloud/outgoing/outgoing-door.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { doorTo, web } from "../../support/cloud/web.js";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

describe("the outgoing door", () => {
  it("asks what fetch would ask, and answers as fetch does", async () => {
    await using echo = await web((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method, url, headers } = request;
        const body = Buffer.concat(chunks).toString();
        response.setHeader("x-of-its-own", "a thing");
        response.end(JSON.stringify({ method, url, headers, body }));
      });
    });
    using door = doorTo();
    const response = await door.fetch(`${echo.url}/a?b=c#d`, {
      method: "POST",
      headers: { authorization: "Bearer of-news" },
      body: new URLSearchParams({ grant: "a code" }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-of-its-own")).toBe("a thing");
    expect(response.url).toBe(`${echo.url}/a?b=c`);
    expect(await response.json()).toEqual({
      method: "POST",
      url: "/a?b=c",
      body: "grant=a+code",
      headers: {
        accept: "*/*",
        "accept-encoding": "gzip, deflate, br",
        authorization: "Bearer of-news",
        connection: "close",
        "content-length": "12",
        "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
        host: `127.0.0.1:${echo.port}`,
        "user-agent": "tourniquet",
      },
    });
  });

  it("believes the authority of its settings, and no other", async () => {
    using folder = temporaryFolder();
    const tls = await makeCertificate(folder.path, "127.0.0.1");
    await using safe = await web((_, response) => response.end("safe"), {
      tls,
    });
    using knows = doorTo(["127.0.0.1"], { caFile: tls.cert });
    const answer = await knows.fetch(safe.url);
    expect(await answer.text()).toBe("safe");
    using stranger = doorTo(["127.0.0.1"]);
    await expect(stranger.fetch(safe.url)).rejects.toMatchObject({
      name: "OutgoingFailed",
      message: `the certificate of ${safe.url} is of an authority that this machine does not know: name its file as outgoing.caFile in cloud.json`,
    });
  });

  it("goes to no address that is not allowed", async () => {
    await using canary = await web((_, response) => response.end("hello"));
    using door = doorTo([]);
    await expect(door.fetch(canary.url)).rejects.toMatchObject({
      name: "OutgoingRefused",
      field: "host",
      value: "127.0.0.1",
    });
    expect(canary.asked).toEqual([]);
  });

  it("reads its authorities at the start, or says what is wrong", () => {
    using folder = temporaryFolder();
    const caFile = join(folder.path, "authority.pem");
    expect(() => doorTo([], { caFile })).toThrow(BadCaFile);
    for (const text of [
      "",
      "no\n",
      `${BEGIN}\nno\n`,
      `${BEGIN}\nAA==\n${END}`,
    ]) {
      writeFileSync(caFile, text);
      expect(() => doorTo([], { caFile })).toThrow(
        `outgoing.caFile "${caFile}" cannot be read as PEM of certificates`,
      );
    }
  });

  it("heeds nothing of the environment", async () => {
    using folder = temporaryFolder();
    const tls = await makeCertificate(folder.path, "127.0.0.1");
    await using safe = await web((_, response) => response.end("safe"), {
      tls,
    });
    await using plain = await web((_, response) => response.end("plain"));
    await using proxy = await web((_, response) => response.end("proxy"));
    const module = new URL("../../support/cloud/web.js", import.meta.url);
    const script = `
      import { doorTo } from ${JSON.stringify(module.href)};
      const door = doorTo();
      const said = async (url) => {
        try { return await (await door.fetch(url)).text(); }
        catch (error) { return error.code; }
      };
      console.log(await said("${plain.url}"), await said("${safe.url}"));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--no-warnings", "--input-type=module", "--eval", script],
      {
        env: {
          ...{ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url },
          ...{ http_proxy: proxy.url, https_proxy: proxy.url },
          ...{ NODE_USE_ENV_PROXY: "1", NODE_TLS_REJECT_UNAUTHORIZED: "0" },
        },
      },
    );
    expect(stdout).toBe("plain DEPTH_ZERO_SELF_SIGNED_CERT\n");
    expect(proxy.asked).toEqual([]);
  });

  it("is what a login fetches by", async () => {
    using folder = temporaryFolder();
    const tls = await makeCertificate(folder.path, "127.0.0.1");
    const told = { issuer: "" };
    await using issuer = await web(
      (_, response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(told));
      },
      { tls },
    );
    told.issuer = issuer.url;
    using door = doorTo(["127.0.0.1"], { caFile: tls.cert });
    const fetching: CustomFetch = (url, init) => door.fetch(url, init);
    const found = await discovery(
      new URL(issuer.url),
      "tourniquet",
      undefined,
      undefined,
      { [customFetch]: fetching },
    );
    expect(found.serverMetadata().issuer).toBe(issuer.url);
    expect(issuer.asked).toEqual(["GET /.well-known/openid-configuration"]);
  });
});

describe("what no call may say", () => {
  it.each([
    [{ method: "CONNECT" }, 'method "CONNECT" is not one that is used'],
    [{ method: "TRACE" }, 'method "TRACE" is not one that is used'],
    [{ body: "something" }, 'method "GET" must have no body'],
    [{ headers: { host: "other" } }, 'header "host" is not for callers to say'],
    [{ headers: { "Proxy-X": "1" } }, 'header "proxy-x" is not for callers'],
    [{ headers: { "content-length": "0" } }, 'header "content-length" is not'],
    [{ headers: { "transfer-encoding": "chunked" } }, "is not for callers"],
    [
      { method: "POST", body: new Uint8Array(8 * 1024 * 1024 + 1) },
      'body "8388609 bytes" is more than the 8388608 bytes',
    ],
  ])("such as %j is refused", async (init, problem) => {
    await using there = await web((_, response) => response.end());
    using door = doorTo();
    await expect(door.fetch(there.url, init)).rejects.toThrow(problem);
    expect(there.asked).toEqual([]);
  });

  it("is no stream without an end either", async () => {
    await using there = await web((_, response) => response.end());
    using door = doorTo();
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
    });
    const sent = door.fetch(there.url, { method: "POST", body });
    await expect(sent).rejects.toThrow("is more than the 8388608 bytes");
    expect(there.asked).toEqual([]);
  });
});

describe("where the outgoing door leads", () => {
  it("is http only where the settings say so, and ports of theirs", async () => {
    await using there = await web((_, response) => response.end("hello"));
    const allow = [parseCidr("127.0.0.1")];
    const settings = { allow, plainHttp: [], ports: [443] };
    const ports = { log: silentLogger, clock: systemClock };
    using safe = new OutgoingDoor(settings, ports);
    await expect(safe.fetch(there.url)).rejects.toThrow(
      `url "${there.url}" has to be https: only addresses in outgoing.plainHttp in cloud.json are reached by http`,
    );
    using shut = new OutgoingDoor({ ...settings, allow: [] }, ports);
    await expect(shut.fetch(there.url)).rejects.toThrow("of this machine");
    const publicly = "https://1.1.1.1:8443/";
    await expect(shut.fetch(publicly)).rejects.toThrow(
      'port "8443" is none that is reached: those in outgoing.ports in cloud.json are (443)',
    );
    expect(there.asked).toEqual([]);
  });

  it("is told in a sentence with the next step where nobody is", async () => {
    const gone = await web((_, response) => response.end());
    await gone[Symbol.asyncDispose]();
    using door = doorTo();
    await expect(door.fetch(gone.url)).rejects.toMatchObject({
      ...{ name: "OutgoingFailed", code: "ECONNREFUSED", origin: gone.url },
      message: `nothing answers at ${gone.url}: is it running there, and the port right?`,
    });
    await using plain = await web((_, response) => response.end());
    const url = plain.url.replace("http:", "https:");
    await expect(door.fetch(url)).rejects.toThrow(
      `what answers at ${url} does not speak TLS: is the port right?`,
    );
  });

  it("keeps secrets of a URL to itself", async () => {
    using door = doorTo();
    const secret = "https://somebody:pass word@127.0.0.1/?token=of-news";
    const error = await door.fetch(secret).catch((thrown: unknown) => thrown);
    const { message } = error as Error;
    expect(message).toMatch(/^url "https:\/\/…@127.0.0.1\/\?…" must have no/);
  });
});
