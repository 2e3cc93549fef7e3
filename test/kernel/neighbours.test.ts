import { createSocket } from "node:dgram";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { sh } from "../../scripts/lab/namespace.js";
import { HealingHost } from "../support/agent/healing.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  attempt,
  HOST,
  PacketWorld,
} from "../support/kernel/packet-world.js";
import { skipped } from "../support/kernel/skipped.js";

const SPAMMED = 7_001;
const BYSTANDER = "10.9.0.3";

/** Runs a script with folders of the machine's replaced by copies. */
const asIfAlone = (folders: readonly string[], script: string) =>
  sh(`unshare --mount bash -ec '
    for folder in ${folders.join(" ")}; do
      copy=$(mktemp -d)
      cp -a $folder/. $copy/
      mount --bind $copy $folder
    done
    mount -t tmpfs tmpfs /run
    mkdir -p /run/dbus /run/lock /run/firewalld
    ${script}'`);

const UFW = "/usr/sbin/ufw";
const FIREWALLD = "/usr/sbin/firewalld";

/** Long enough for the sender to be seen, on cores that have other work as well. */
const SPAM_MS = 1_500;

describeInNamespace("bans beside other firewalls", () => {
  let world: PacketWorld;
  let healing: HealingHost;

  beforeAll(async () => {
    world = await PacketWorld.make();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    healing = await HealingHost.start();
    await healing.ban(ATTACKER[4], ATTACKER[6]);
  });
  afterEach(async () => {
    await healing[Symbol.asyncDispose]();
    await sh("nft flush ruleset");
  });

  /** How many datagrams come through from the attacker while a task runs. */
  async function receivedDuring(task: () => Promise<unknown>): Promise<number> {
    let received = 0;
    await using opened = new Lifetime();
    for (const type of ["udp4", "udp6"] as const) {
      const socket = createSocket({ type, ipv6Only: type === "udp6" });
      socket.on("message", () => received++);
      await new Promise<void>((bound) => socket.bind(SPAMMED, bound));
      opened.defer(() => new Promise<void>((done) => socket.close(done)));
    }
    const goOn = join(tmpdir(), `tourniquet-spam-${Date.now()}`);
    writeFileSync(goOn, "");
    const sent = world.attacker.sh(`sent=0
      while [ -e ${goOn} ]; do
        for host in ${HOST[4]} ${HOST[6]}; do
          echo x > /dev/udp/$host/${SPAMMED}
        done
        sent=$((sent + 1))
        sleep 0.001
      done
      echo $sent`);
    await task();
    rmSync(goOn);
    expect(Number(await sent)).toBeGreaterThan(20);
    return received;
  }

  const holdThroughout = async (task: () => Promise<unknown>) => {
    expect(await receivedDuring(task)).toBe(0);
    expect(healing.told).toEqual([]);
    expect(await healing.isWhole()).toBe(true);
  };

  it("would be seen to be missing", async () => {
    await healing.repairer[Symbol.asyncDispose]();
    await sh("nft flush ruleset");
    const half = () => new Promise((done) => setTimeout(done, SPAM_MS));
    expect(await receivedDuring(half)).toBeGreaterThan(20);
  });

  it("hold through iptables-restore", async () => {
    const rules = "*filter\\n-A INPUT -s 10.9.0.0/24 -j ACCEPT\\nCOMMIT\\n";
    await holdThroughout(async () => {
      for (let i = 0; i < 10; i++) {
        await sh(`printf "${rules}" | iptables-restore`);
      }
    });
  });

  withPackage(UFW)(
    "hold through ufw reload",
    async () => {
      await holdThroughout(() =>
        asIfAlone(
          ["/etc/ufw"],
          "ufw --force enable; ufw reload; ufw --force disable",
        ),
      );
    },
    60_000,
  );

  withPackage(FIREWALLD)(
    "hold through a reload of firewalld",
    async () => {
      await holdThroughout(() =>
        asIfAlone(
          ["/etc/firewalld"],
          `dbus-daemon --system --fork --print-pid > /run/dbus.pid
        firewalld --nofork --nopid >/dev/null 2>&1 & daemon=$!
        for i in $(seq 100); do
          firewall-cmd --state >/dev/null 2>&1 && break
          sleep 0.1
        done
        firewall-cmd --reload
        kill $daemon; wait $daemon || true
        kill $(cat /run/dbus.pid)`,
        ),
      );
    },
    60_000,
  );

  it("hold where somebody accepts everything before us", async () => {
    await sh(`nft -f - <<'END'
table inet theirs {
  chain early {
    type filter hook prerouting priority -400; policy accept;
    accept
  }
  chain input {
    type filter hook input priority -400; policy accept;
    accept
  }
}
END`);
    await holdThroughout(
      () => new Promise((done) => setTimeout(done, SPAM_MS)),
    );
    const from = { from: BYSTANDER };
    expect(await world.attacker.reaches(attempt(4, from))).toBe(true);
  });

  it("leave alone what somebody drops before us", async () => {
    await sh(`nft -f - <<'END'
table inet theirs {
  chain early {
    type filter hook prerouting priority -400; policy accept;
    ip saddr ${BYSTANDER} drop
  }
}
END`);
    const theirs = await sh("nft list table inet theirs");
    await sh("nft flush chain inet tourniquet prerouting");
    expect(await healing.nextTold()).toContain("removed rules of prerouting");
    expect(await sh("nft list table inet theirs")).toBe(theirs);
    const from = { from: BYSTANDER };
    expect(await world.attacker.reaches(attempt(4, from))).toBe(false);
    expect(
      await receivedDuring(
        () => new Promise((done) => setTimeout(done, SPAM_MS)),
      ),
    ).toBe(0);
  });
});

/** A test that needs a package of the distribution, or says that it is absent. */
function withPackage(program: string) {
  if (existsSync(program)) return it;
  return (name: string, test: () => Promise<void>, _patienceMs?: number) =>
    it.skip(skipped(name, `${program} is not installed`), test);
}
