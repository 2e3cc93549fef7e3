import { describe, expect, it } from "@jest/globals";
import type { Fields } from "../../../agent/log/logger.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { nameServer } from "../../support/cloud/name-server.js";
import { doorTo, web } from "../../support/cloud/web.js";

describe("a name in a URL", () => {
  it("is resolved once, and dialled at the address that was judged", async () => {
    await using good = await web((_, response) => response.end("good"));
    const { port } = good;
    await using other = await web((_, response) => response.end("bad"), {
      ...{ address: "127.0.0.2", port },
    });
    await using names = await nameServer({
      "rebinds.test": [["127.0.0.1"], ["127.0.0.2"]],
    });
    using door = doorTo(["127.0.0.1"], { lookup: names.lookup });
    const url = `http://rebinds.test:${port}/`;
    expect(await (await door.fetch(url)).text()).toBe("good");
    expect(names.asked).toEqual(["rebinds.test"]);
    await expect(door.fetch(url)).rejects.toThrow("leads to an address of");
    expect(names.asked).toHaveLength(2);
    expect(other.asked).toEqual([]);
  });

  it("is who the certificate has to be for, and who is asked there", async () => {
    using folder = temporaryFolder();
    const tls = await makeCertificate(folder.path, "127.0.0.9", ["named.test"]);
    const hosts: unknown[] = [];
    await using safe = await web(
      ({ socket, headers }, response) => {
        hosts.push((socket as { servername?: unknown }).servername);
        hosts.push(headers.host);
        response.end("safe");
      },
      { tls },
    );
    await using names = await nameServer({
      "named.test": [["127.0.0.1"]],
      "other.test": [["127.0.0.1"]],
    });
    const { lookup } = names;
    using door = doorTo(["127.0.0.1"], { lookup, caFile: tls.cert });
    const url = `https://named.test:${safe.port}`;
    expect(await (await door.fetch(url)).text()).toBe("safe");
    expect(hosts).toEqual(["named.test", `named.test:${safe.port}`]);
    const elsewhere = `https://other.test:${safe.port}`;
    await expect(door.fetch(elsewhere)).rejects.toMatchObject({
      name: "OutgoingFailed",
      message: `the certificate of ${elsewhere} is not for other.test: see the name in the URL`,
    });
    await expect(door.fetch(safe.url)).rejects.toThrow("is not for 127.0.0.1");
    expect(safe.asked).toHaveLength(1);
  });

  it("is refused as a whole when one of its addresses is, and says no address", async () => {
    await using good = await web((_, response) => response.end("good"));
    const { port } = good;
    await using names = await nameServer({
      "both.test": [["127.0.0.1", "10.1.2.3"]],
      "credentials.test": [["127.0.0.1", "fd00:ec2::254"]],
      "clothes.test": [["127.0.0.1", "::ffff:127.0.0.1"]],
      "translated.test": [["64:ff9b::a01:203"]],
    });
    const logged: (Fields | undefined)[] = [];
    const log = {
      ...silentLogger,
      warn: (_: string, fields?: Fields) => logged.push(fields),
    };
    using door = doorTo(["127.0.0.1"], { lookup: names.lookup, log });
    const sentences: string[] = [];
    const tried = ["both", "credentials", "clothes", "translated"];
    for (const name of tried) {
      const error = await door
        .fetch(`http://${name}.test:${port}/`)
        .catch((thrown: unknown) => thrown);
      sentences.push((error as Error).message);
    }
    const refused = (name: string, kind: string) =>
      `host "${name}.test" leads to ${kind} (the cloud's log says which), where the cloud does not go unless outgoing.allow in cloud.json names it`;
    expect(sentences).toEqual([
      refused("both", "a private address"),
      refused("credentials", "where clouds keep machines' credentials"),
      refused("clothes", "an IPv4 address in IPv6 clothes"),
      refused("translated", "a private address"),
    ]);
    expect(logged[0]).toEqual({
      ...{ host: "both.test", address: "10.1.2.3", kind: "a private address" },
    });
    expect(good.asked).toEqual([]);
  });

  it("is dialled at its next address where nobody is at the first", async () => {
    await using good = await web((_, response) => response.end("good"), {
      address: "127.0.0.2",
    });
    await using names = await nameServer({
      "two.test": [["127.0.0.3", "127.0.0.2"]],
    });
    using door = doorTo(["127.0.0.0/8"], { lookup: names.lookup });
    const url = `http://two.test:${good.port}/`;
    const answer = await door.fetch(url, { method: "POST", body: "once" });
    expect(await answer.text()).toBe("good");
    expect(good.asked).toEqual(["POST /"]);
  });

  it("is told that nobody knows it, or that it has too many addresses", async () => {
    const many = Array.from({ length: 65 }, (_, i) => `127.0.1.${i}`);
    await using names = await nameServer({});
    const { lookup } = names;
    using door = doorTo(["127.0.0.1"], { lookup });
    await expect(door.fetch("https://nobody.test/")).rejects.toMatchObject({
      ...{ name: "OutgoingFailed", code: "ENOTFOUND" },
      message:
        "the name nobody.test is not known here: see its spelling, and this machine's DNS",
    });
    using crowded = doorTo(["127.0.0.1"], {
      lookup: () => Promise.resolve(many),
    });
    await expect(crowded.fetch("https://many.test/")).rejects.toThrow(
      'host "many.test" has more than 64 addresses',
    );
    using odd = doorTo(["127.0.0.1"], {
      lookup: () => Promise.resolve(["fe80::1%lo"]),
    });
    await expect(odd.fetch("https://odd.test/")).rejects.toThrow(
      'host "odd.test" leads to an address of another kind',
    );
  });

  it("is known by this machine's own resolver unless another is given", async () => {
    await using good = await web((_, response) => response.end("good"));
    using door = doorTo(["127.0.0.1", "::1"]);
    const answer = await door.fetch(`http://localhost:${good.port}/`);
    expect(await answer.text()).toBe("good");
  });
});
