import type { IncomingHttpHeaders, RequestListener } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { nameServer } from "../../support/cloud/name-server.js";
import { doorTo, web } from "../../support/cloud/web.js";

interface Heard {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Says what it heard; "/STATUS?WHERE" leads there. */
const leading =
  (heard: Heard[]): RequestListener =>
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, headers, url = "" } = request;
      heard.push({ method, headers, body: Buffer.concat(chunks).toString() });
      const [, status, location] = /^\/(\d+)\?(.*)$/.exec(url) ?? [];
      if (status === undefined) response.end(`at ${url}`);
      else response.writeHead(Number(status), { location }).end("elsewhere");
    });
  };

const SECRETS = { authorization: "Bearer x", cookie: "a=b", "x-api-key": "c" };

describe("a redirect", () => {
  it("is followed three times, and no further", async () => {
    await using there = await web(leading([]));
    using door = doorTo();
    const way = (times: number) => "/302?".repeat(times) + "/end";
    const answer = await door.fetch(there.url + way(3));
    expect(await answer.text()).toBe("at /end");
    expect(answer.url).toBe(`${there.url}/end`);
    await expect(door.fetch(there.url + way(4))).rejects.toThrow(
      `redirect "${there.url}" leads on after 3 redirects`,
    );
  });

  it("is the answer for who wants it, as for what says no place", async () => {
    await using there = await web(leading([]));
    using door = doorTo();
    const manual = await door.fetch(`${there.url}/302?/end`, {
      redirect: "manual",
    });
    expect(manual.status).toBe(302);
    expect(manual.headers.get("location")).toBe("/end");
    expect(await manual.text()).toBe("elsewhere");
    await using vague = await web((_, response) =>
      response.writeHead(302).end("nowhere"),
    );
    expect((await door.fetch(vague.url)).status).toBe(302);
  });

  it("takes along what the caller said where it stays", async () => {
    const heard: Heard[] = [];
    await using there = await web(leading(heard));
    using door = doorTo();
    await door.fetch(`${there.url}/307?/end`, {
      ...{ method: "POST", body: "what was sent", headers: SECRETS },
    });
    expect(heard[1]).toMatchObject({
      method: "POST",
      body: "what was sent",
      headers: SECRETS,
    });
  });

  it("takes no credentials along to another origin", async () => {
    const heard: Heard[] = [];
    await using there = await web(leading([]));
    await using elsewhere = await web(leading(heard));
    using door = doorTo();
    await door.fetch(`${there.url}/302?${elsewhere.url}/end`, {
      headers: { ...SECRETS, accept: "text/plain" },
    });
    expect(heard).toEqual([
      {
        ...{ method: "GET", body: "" },
        headers: {
          ...{ accept: "text/plain", "accept-encoding": "gzip, deflate, br" },
          ...{ connection: "close", "user-agent": "tourniquet" },
          host: `127.0.0.1:${elsewhere.port}`,
        },
      },
    ]);
  });

  it.each([307, 308])(
    "of %i takes nothing that was sent to another origin",
    async (status) => {
      await using there = await web(leading([]));
      await using elsewhere = await web(leading([]));
      using door = doorTo();
      const sent = door.fetch(`${there.url}/${status}?${elsewhere.url}/end`, {
        ...{ method: "POST", body: "what was sent" },
      });
      await expect(sent).rejects.toMatchObject({
        ...{ name: "OutgoingRefused", field: "redirect" },
        message: `redirect "${elsewhere.url}" from ${there.url} would take what was sent elsewhere`,
      });
      expect(elsewhere.asked).toEqual([]);
    },
  );

  it.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "HEAD", "HEAD"],
    [302, "DELETE", "DELETE"],
    [308, "DELETE", "DELETE"],
  ])("of %i makes of a %s a %s", async (status, method, becomes) => {
    const heard: Heard[] = [];
    await using there = await web(leading(heard));
    using door = doorTo();
    const isSent = method === "POST" || method === "PUT";
    await door.fetch(`${there.url}/${status}?/end`, {
      ...{ method, body: isSent ? "what was sent" : null },
    });
    expect(heard[1]?.method).toBe(becomes);
    expect(heard[1]?.body).toBe("");
    expect(heard[1]?.headers).not.toHaveProperty("content-type");
  });

  it("never leads from https to http", async () => {
    using folder = temporaryFolder();
    const tls = await makeCertificate(folder.path, "127.0.0.1");
    await using plain = await web(leading([]));
    await using safe = await web(leading([]), { tls });
    using door = doorTo(["127.0.0.1"], { caFile: tls.cert });
    const down = door.fetch(`${safe.url}/302?${plain.url}/end`);
    await expect(down).rejects.toThrow("leads from https to http");
    expect(plain.asked).toEqual([]);
    const up = await door.fetch(`${plain.url}/302?${safe.url}/end`);
    expect(await up.text()).toBe("at /end");
  });

  it("is judged again, even to the same name", async () => {
    const heard: Heard[] = [];
    await using there = await web(leading(heard));
    const { port } = there;
    await using inside = await web(leading([]), {
      ...{ address: "127.0.0.2", port },
    });
    await using names = await nameServer({
      "rebinds.test": [["127.0.0.1"], ["127.0.0.2"]],
    });
    using door = doorTo(["127.0.0.1"], { lookup: names.lookup });
    const led = door.fetch(`http://rebinds.test:${port}/302?/end`);
    await expect(led).rejects.toThrow(
      'host "rebinds.test" leads to an address of this machine',
    );
    expect(heard).toHaveLength(1);
    expect(inside.asked).toEqual([]);
  });
});
