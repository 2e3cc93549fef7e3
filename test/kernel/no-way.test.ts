import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterEach, expect, it } from "@jest/globals";
import { reach } from "../../agent/uplink/reach.js";
import { OWN_DEVICE, sh } from "../../scripts/lab/namespace.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const DEVICE = `${OWN_DEVICE}way`;

describeInNamespace("no way to the cloud", () => {
  afterEach(() => sh(`ip link del ${DEVICE} 2>/dev/null || true`));

  it("is no network at all, where no device has an address", async () => {
    expect(await outcome("https://192.0.2.1")).toBe(
      "this host has no network: no device but loopback has an address",
    );
  });

  it("is the family that the host lacks, and what has the other is reached", async () => {
    await sh(
      `ip link add ${DEVICE} type veth peer name ${DEVICE}2; ip link set ${DEVICE}2 up; ip link set ${DEVICE} up; ip address add fd00:9::1/64 dev ${DEVICE} nodad`,
    );
    expect(await outcome("https://192.0.2.1")).toBe(
      "this host has IPv6 alone, and that name leads to IPv4 alone (192.0.2.1): it needs NAT64 with DNS64, a proxy (cloud.proxy), or a cloud that has an IPv6 address",
    );
    const cloud = createServer();
    await new Promise<void>((done) => cloud.listen(0, "fd00:9::1", done));
    const { port } = cloud.address() as AddressInfo;
    expect(await outcome(`http://[fd00:9::1]:${port}`)).toBe("reached");
    cloud.close();
  });

  it("is a name server that does not answer, which is named", async () => {
    using folder = new TestFolder();
    const server = createSocket("udp4"); // reads, and says nothing
    await new Promise<void>((done) => server.bind(53, "127.0.0.1", done));
    const file = folder.file("resolv.conf", "nameserver 127.0.0.1\n");
    await sh(`mount --bind ${file} /etc/resolv.conf`);
    try {
      const module = new URL("../../agent/uplink/reach.js", import.meta.url);
      const script = `
        const { reach } = await import(${JSON.stringify(module.href)});
        const way = { ca: undefined, proxy: undefined };
        const patience = { timeoutMs: 500, now: Date.now() };
        await reach(new URL("https://cloud.example"), way, patience)
          .catch(({ message }) => console.log(message));
        process.exit();`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...["--input-type=module", "-e", script],
      ]);
      expect(stdout.trim()).toBe(
        "no name server of this host answers (127.0.0.1): is the network up, and is that where they are?",
      );
    } finally {
      await sh("umount /etc/resolv.conf");
      server.close();
    }
  });
});

async function outcome(url: string): Promise<string> {
  const way = { ca: undefined, proxy: undefined };
  const patience = { timeoutMs: 5_000, now: Date.now() };
  try {
    const socket = await reach(new URL(url), way, patience);
    socket.destroy();
    return "reached";
  } catch (error) {
    return (error as Error).message;
  }
}
