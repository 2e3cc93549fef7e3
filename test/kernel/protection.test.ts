import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { systemClock } from "../../agent/clock.js";
import { AddressWatch } from "../../agent/host/address-watch.js";
import { HostReader } from "../../agent/host/facts.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { sh } from "../../scripts/lab/namespace.js";
import { until } from "../support/clock.js";
import { describeInNamespace } from "../support/namespace.js";

const PORT = 18_022;

describeInNamespace("what is protected", () => {
  let host: HostReader;
  let server: Server;
  let client: Socket | undefined;

  beforeEach(async () => {
    await sh("ip link set lo up");
    host = new HostReader({
      sessions: { ports: [PORT], afterSeconds: 1 },
      clock: systemClock,
      unreadable: () => undefined,
    });
    server = createServer().listen(PORT, "::");
    await once(server, "listening");
  });
  afterEach(async () => {
    client?.destroy();
    server.close();
    await sh("ip addr flush dev lo; ip link set lo down; ip link set lo up");
  });

  const sessions = async () => (await host.read([])).sessions.map(formatCidr);

  it("follows an address that comes, within a second", async () => {
    let own: readonly string[] = [];
    await using _watch = await AddressWatch.start(
      () =>
        void host.read([]).then((facts) => (own = facts.own.map(formatCidr))),
      (why) => {
        throw why;
      },
    );
    const before = performance.now();
    await sh("ip addr add 192.0.2.10/24 dev lo");
    await until("it is protected", () => own.includes("192.0.2.10"));
    expect(performance.now() - before).toBeLessThan(1_000);
    await sh("ip addr del 192.0.2.10/24 dev lo");
    await until("it is not any more", () => !own.includes("192.0.2.10"));
  });

  it("has the peer of a session that lasts, for as long as it does", async () => {
    client = connect({ port: PORT, host: "127.0.0.1" });
    await once(client, "connect");
    expect(await sessions()).toEqual([]); // as an attacker could
    await systemClock.sleep(1_100);
    expect(await sessions()).toEqual(["127.0.0.1"]);
    client.destroy();
    await until("it ended", async () => (await sessions()).length === 0);
  });

  it("has nobody who is connected elsewhere", async () => {
    const other = createServer().listen(PORT + 1, "127.0.0.1");
    await once(other, "listening");
    client = connect({ port: PORT + 1, host: "127.0.0.1" });
    await once(client, "connect");
    await sessions();
    await systemClock.sleep(1_100);
    expect(await sessions()).toEqual([]);
    client.destroy();
    other.close();
  });
});
