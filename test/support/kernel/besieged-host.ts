import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Receipt } from "../../../agent/protocol/documents.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { LabHost } from "../../../scripts/lab/lab.js";
import { Namespace } from "../../../scripts/lab/namespace.js";
import { serve } from "../../../scripts/lab/prober.js";
import { start } from "../../../scripts/lab/run.js";
import type { WhyView } from "../../../service/control/why-view.js";
import { believed } from "../agent/world.js";
import { FakeCloud, identityFor, type FakeLink } from "../cloud/fake-cloud.js";
import { until } from "../time/clock.js";
import { keys } from "../vectors.js";

/** Where everybody is. What the host needs is behind its router, but the router. */
export const AT = {
  host: { 4: "192.0.2.2", 6: "2001:db8:1::2" },
  router: { 4: "192.0.2.1", 6: "2001:db8:1::1" },
  cloud: "198.51.100.53",
  resolver: "198.51.100.99",
  dhcp: "198.51.100.67",
  admin: "203.0.113.22",
} as const;

/** What the customer never wants banned. */
export const ALLOWED = "203.0.113.192/26";

/** TCP and UDP of everybody, and what the host is administered over. */
const PORT = 7000;

/**
 * A host in a namespace of its own, as a real process that enforces, with a real
 * control channel over TLS to a cloud that will say anything.
 */
export class BesiegedHost implements AsyncDisposable {
  readonly cloud: FakeCloud;
  readonly link: FakeLink;
  readonly host: LabHost;
  readonly namespace: Namespace;
  /** The administrator's session. */
  readonly #session: Socket;
  readonly #opened: Lifetime;

  private constructor(parts: Parts) {
    this.cloud = parts.cloud;
    this.link = parts.link;
    this.host = parts.host;
    this.namespace = parts.namespace;
    this.#session = parts.session;
    this.#opened = parts.opened;
  }

  /** `plans` are those of the first connection. */
  static async start(
    plans: Parameters<FakeLink["sayWelcome"]>[0],
    config: object,
  ): Promise<BesiegedHost> {
    await using opened = new Lifetime();
    const folder = mkdtempSync(join(tmpdir(), "tourniquet-besieged-"));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    opened.own(await serve(PORT));
    const namespace = opened.own(await network());
    const abroad = { address: AT.cloud, ...(await certificateIn(folder)) };
    const cloud = opened.own(await FakeCloud.start(0, abroad));
    const session = await login();
    opened.defer(() => void session.destroy());
    const host = new LabHost(join(folder, "host"), namespace.pid);
    settle(host, { cloud, folder, config });
    const running = start({
      command: inItsOwnFiles(folder, host.command("run")),
      log: host.log,
    });
    opened.defer(async () => {
      running.kill("SIGTERM");
      await running.ended;
    });
    const link = await cloud.welcomed(plans, 30_000);
    await until("the agent answers", () =>
      host.status().then(
        () => true,
        () => false,
      ),
    );
    const parts = { cloud, link, host, namespace, session };
    return new BesiegedHost({ ...parts, opened: opened.release() });
  }

  /** Returns once the host protects an address that it has to find by itself. */
  async protects(address: string): Promise<void> {
    const isProtected = async () => {
      const path = `/v1/why?range=${address}`;
      return (await this.host.ask<WhyView>(path)).protectedBy !== null;
    };
    await until(`${address} is protected`, isProtected, 20_000);
  }

  /** Every receipt of the feed's up to an offset, by its own. */
  async receiptsUpTo(offset: number): Promise<ReadonlyMap<number, Receipt>> {
    const told = new Map<number, Receipt>();
    while (!told.has(offset)) {
      const receipt = believed(await this.link.find("receipt"));
      told.set(receipt.position.offset, receipt);
    }
    return told;
  }

  /** Whom the host does not reach, of all whom it needs; asked by packets. */
  async unreached(): Promise<readonly string[]> {
    const needed = {
      cloud: AT.cloud,
      resolver: AT.resolver,
      "DHCP server": AT.dhcp,
      router: AT.router[4],
      "router over IPv6": AT.router[6],
      administrator: AT.admin,
    };
    const lost: string[] = [];
    for (const [who, to] of Object.entries(needed)) {
      const protocol = OVER_UDP.includes(who) ? "udp" : "tcp";
      const attempt = { protocol, to, port: PORT } as const;
      if (!(await this.namespace.reaches(attempt))) lost.push(who);
    }
    return lost;
  }

  /** Whether the administrator is still logged in. */
  get sessionLives(): boolean {
    return !this.#session.destroyed && !this.#session.readableEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

const OVER_UDP = ["resolver", "DHCP server"];

interface Parts {
  readonly cloud: FakeCloud;
  readonly link: FakeLink;
  readonly host: LabHost;
  readonly namespace: Namespace;
  readonly session: Socket;
  readonly opened: Lifetime;
}

/** The host behind its router, which is us; and so is all that is behind that. */
async function network(): Promise<Namespace> {
  const beyond = [AT.cloud, AT.resolver, AT.dhcp, AT.admin].map(
    (each) => `${each}/32`,
  );
  const namespace = await Namespace.linked(
    {
      here: [`${AT.router[4]}/24`, `${AT.router[6]}/64`, ...beyond],
      there: [`${AT.host[4]}/24`, `${AT.host[6]}/64`],
    },
    PORT,
  );
  await namespace.sh(`ip route add default via ${AT.router[4]}`);
  await namespace.sh(`ip -6 route add default via ${AT.router[6]}`);
  return namespace;
}

async function certificateIn(folder: string) {
  const { cert, key } = await makeCertificate(folder, AT.cloud);
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

async function login(): Promise<Socket> {
  const to = { host: AT.host[4], port: PORT, localAddress: AT.admin };
  const session = connect(to);
  await once(session, "connect");
  return session;
}

/** Enrolled as the test cloud's agent. */
function settle(
  host: LabHost,
  {
    cloud,
    folder,
    config,
  }: { cloud: FakeCloud; folder: string; config: object },
): void {
  const stateDir = join(host.folder, "state");
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const identity = JSON.stringify(identityFor(cloud.url));
  const secret = { mode: 0o600 };
  writeFileSync(join(stateDir, "identity.json"), identity, secret);
  const { device } = keys;
  const keyFile = join(stateDir, `device-${device.id}.key`);
  writeFileSync(keyFile, device.toPem(), secret);
  writeFileSync(
    host.config,
    JSON.stringify({
      stateDir,
      controlSocket: host.socket,
      cloud: { caFile: join(folder, "cloud.pem") },
      ...config,
    }),
  );
  writeFileSync(join(folder, "resolv.conf"), `nameserver ${AT.resolver}\n`);
  const lease = `lease {\n  option dhcp-server-identifier ${AT.dhcp};\n}\n`;
  writeFileSync(join(folder, "dhclient.leases"), lease);
  const login = `REMOTE=1\nSERVICE=sshd\nSTATE=active\nREMOTE_HOST=${AT.admin}\n`;
  writeFileSync(join(folder, "session"), login);
}

/** Runs a command where the system's files name resolver, DHCP server and login. */
const inItsOwnFiles = (folder: string, command: readonly string[]) => [
  ...["unshare", "--mount", "bash", "-ec"],
  `mount --bind "$0/resolv.conf" /etc/resolv.conf
   mount -t tmpfs none /var/lib && mkdir /var/lib/dhcp
   cp "$0/dhclient.leases" /var/lib/dhcp
   mount -t tmpfs none /run && mkdir -p /run/systemd/sessions
   cp "$0/session" /run/systemd/sessions/1
   exec "$@"`,
  folder,
  ...command,
];
