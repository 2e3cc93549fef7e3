import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudAddresses } from "../../agent/host/cloud-addresses.js";
import { HostReader } from "../../agent/host/facts.js";
import { formatCidr } from "../../agent/model/cidr.js";

describe("the files that name what to protect", () => {
  let root: string;
  let told: string[];
  let host: HostReader;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tourniquet-host-"));
    told = [];
    host = new HostReader({
      adminPorts: [22],
      unreadable: (path, why) =>
        told.push(`${path.slice(root.length)}: ${String(why)}`),
      root,
    });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (path: string, text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const resolvers = async () => (await host.resolvers()).map(formatCidr);
  const servers = async () => (await host.dhcpServers()).map(formatCidr);

  it("may all be missing", async () => {
    expect([await resolvers(), await servers(), told]).toEqual([[], [], []]);
  });

  it("are read anew each time, until they are gone", async () => {
    put("etc/resolv.conf", "nameserver 192.0.2.53\n");
    put("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.54\n");
    expect(await resolvers()).toEqual(["192.0.2.53", "192.0.2.54"]);
    put("etc/resolv.conf", "nameserver 192.0.2.55\n");
    rmSync(join(root, "run"), { recursive: true });
    expect(await resolvers()).toEqual(["192.0.2.55"]);
  });

  it("count as they last were while they are garbage, which is told once", async () => {
    put("etc/resolv.conf", "nameserver 192.0.2.53\n");
    await resolvers();
    put("etc/resolv.conf", "nameserver garbage\n");
    expect(await resolvers()).toEqual(["192.0.2.53"]);
    expect(await resolvers()).toEqual(["192.0.2.53"]);
    expect(told).toEqual(['/etc/resolv.conf: "garbage" is no address']);
  });

  it("count as they last were while they can't be read", async () => {
    put("etc/resolv.conf", "nameserver 192.0.2.53\n");
    await resolvers();
    rmSync(join(root, "etc/resolv.conf"));
    mkdirSync(join(root, "etc/resolv.conf"));
    expect(await resolvers()).toEqual(["192.0.2.53"]);
    await resolvers();
    expect(told).toEqual(["/etc/resolv.conf: Error: is no regular file"]);
  });

  it("are leases of every client that is known", async () => {
    put("run/systemd/netif/leases/2", "SERVER_ADDRESS=192.0.2.1\n");
    put(
      "var/lib/NetworkManager/internal-a-eth0.lease",
      "SERVER_ADDRESS=192.0.2.2\n",
    );
    put(
      "var/lib/dhcp/dhclient.eth0.leases",
      "lease {\n  option dhcp-server-identifier 192.0.2.3;\n}\n",
    );
    put("var/lib/dhcp/other", "option dhcp-server-identifier 192.0.2.9;\n");
    expect(await servers()).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  });

  it("are no more than 64 of a folder", async () => {
    for (let i = 1; i <= 70; i++) {
      put(`run/systemd/netif/leases/${i}`, `SERVER_ADDRESS=192.0.2.${i}\n`);
    }
    expect(await servers()).toHaveLength(64);
    await servers();
    expect(told).toEqual(["/run/systemd/netif/leases: only 64 of 70 are read"]);
  });

  it("keep where the cloud was reached for the next start", async () => {
    const file = join(root, "cloud-addresses");
    const url = new URL("https://cloud.invalid");
    const first = await CloudAddresses.open([url], file);
    await first.reachedAt(["192.0.2.1"]);
    await first.reachedAt(["2001:db8::2"]);
    const next = await CloudAddresses.open([url], file);
    expect(next.known).toEqual(["2001:db8::2", "192.0.2.1"]);
    for (let i = 0; i < 40; i++) await next.reachedAt([`192.0.2.${i}`]);
    expect(next.known).toHaveLength(16);
  });

  it("know the cloud and the proxy that leads there, by their names", async () => {
    const urls = ["https://[2001:db8::7]", "http://192.0.2.9:3128"];
    const both = await CloudAddresses.open(
      urls.map((url) => new URL(url)),
      join(root, "cloud-addresses"),
    );
    await both.lookUp();
    expect(both.known).toEqual(["2001:db8::7", "192.0.2.9"]);
  });
});
