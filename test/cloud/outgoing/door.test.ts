import { describe, expect, it } from "@jest/globals";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { doorTo, web } from "../../support/cloud/web.js";

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
});
