import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeEach, expect, it } from "@jest/globals";
import { AddressWatch } from "../../agent/host/address-watch.js";
import { HostReader } from "../../agent/host/facts.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { sh } from "../../scripts/lab/namespace.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { skipped } from "../support/kernel/skipped.js";
import { until } from "../support/time/clock.js";

const PORT = 18_022;
const SSHD = "/usr/sbin/sshd";

const hostReader = () =>
  new HostReader({ adminPorts: [PORT], unreadable: () => undefined });

describeInNamespace("what is protected", () => {
  beforeEach(() => sh("ip link set lo up"));
  afterEach(() =>
    sh("ip addr flush dev lo; ip link set lo down; ip link set lo up"),
  );

  it("follows an address that comes, within a second", async () => {
    const host = hostReader();
    let own: readonly string[] = [];
    await using _watch = await AddressWatch.start(
      {
        addresses: () =>
          void host.read([]).then((it) => (own = it.own.map(formatCidr))),
      },
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
});

describeInNamespace("who only stays connected", () => {
  let server: Server;
  let client: Socket | undefined;

  beforeEach(async () => {
    await sh("ip link set lo up");
    server = createServer().listen(PORT, "::");
    await once(server, "listening");
  });
  afterEach(() => {
    client?.destroy();
    server.close();
  });

  it("is protected from no ban, as in a tarpit on that port", async () => {
    const host = hostReader();
    client = connect({ port: PORT, host: "127.0.0.1" });
    await once(client, "connect");
    expect((await host.read([])).sessions).toEqual([]);
    // What the file of an earlier version called long enough.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await host.read([])).sessions).toEqual([]);
  });
});

const itWithSshd = existsSync(SSHD)
  ? it
  : (name: string, test: () => Promise<void>) =>
      it.skip(skipped(name, `there is no ${SSHD}`), test);

describeInNamespace("at sshd that lets everybody stay", () => {
  const folder = new TestFolder();
  let sshd: ReturnType<typeof spawn> | undefined;
  const opened: { kill(): unknown }[] = [];

  beforeEach(async () => {
    await sh("ip link set lo up; ip addr add 192.0.2.7/32 dev lo");
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const { path } = folder;
    chmodSync(path, 0o711);
    await sh(`ssh-keygen -q -t ed25519 -N "" -f ${path}/host
      ssh-keygen -q -t ed25519 -N "" -f ${path}/user`);
    const config = folder.file(
      "sshd_config",
      `Port ${PORT}\nHostKey ${path}/host\nAuthorizedKeysFile ${path}/user.pub
       PidFile none\nStrictModes no\nUsePAM no\nLoginGraceTime 0\n`,
    );
    writeFileSync(`${path}/known`, "");
    sshd = spawn(SSHD, ["-D", "-f", config], { stdio: "ignore" });
    await until("sshd answers", () => answers());
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) each.kill();
    sshd?.kill();
    await sh("ip addr flush dev lo; ip link set lo down; ip link set lo up");
  });
  afterAll(() => folder[Symbol.dispose]());

  const login = (user: string, ...more: string[]) => {
    const { path } = folder;
    const quiet = ["-q", "-i", `${path}/user`, "-p", String(PORT)];
    const options = ["StrictHostKeyChecking=no", "BindAddress=192.0.2.7"];
    options.push(`UserKnownHostsFile=${path}/known`);
    const given = options.flatMap((each) => ["-o", each]);
    const target = [...more, `${user}@127.0.0.1`];
    const argv = [...quiet, ...given, ...target];
    opened.push(spawn("ssh", argv, { stdio: ["pipe", "ignore", "ignore"] }));
  };

  itWithSshd("only who has logged in is protected", async () => {
    const host = hostReader();
    const sessions = async () =>
      (await host.read([])).sessions.map(formatCidr).join();
    const silent = connect({ port: PORT, host: "127.0.0.1" });
    opened.push({ kill: () => silent.destroy() });
    await once(silent, "data"); // sshd's greeting: it serves the connection
    expect(await sessions()).toBe("");
    login("root", "-N");
    await until("a login counts", async () => (await sessions()) !== "");
    expect(await sessions()).toBe("192.0.2.7");
    opened.pop()?.kill();
    await until("until it ends", async () => (await sessions()) === "");
    login("nobody", "-N"); // whose process is not root's
    await until("it counts", async () => (await sessions()) === "192.0.2.7");
  });
});

async function answers(): Promise<boolean> {
  const socket = connect({ port: PORT, host: "127.0.0.1" });
  const outcome = await Promise.race([
    once(socket, "data").then(() => true),
    once(socket, "error").then(
      () => false,
      () => false,
    ),
  ]).catch(() => false);
  socket.destroy();
  return outcome;
}
