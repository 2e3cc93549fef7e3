import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { identityFor } from "../../test/support/cloud/fake-cloud.js";
import { keys } from "../../test/support/vectors.js";
import { makeCertificate } from "../lab/certificate.js";
import { Lab, LabHost, type LabCloud } from "../lab/lab.js";
import { Namespace, OWN_DEVICE, sh } from "../lab/namespace.js";
import { output } from "../lab/run.js";
import type { Target } from "./target.js";

export interface StageOptions {
  /** Size of the file system that the host's state lies on, in MB. */
  readonly hostDiskMb?: number;
  readonly cloudDiskMb?: number;
  /** Added to the host's configuration, and to the cloud's settings. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The host reaches its cloud by the attacker, at this port of his. */
  readonly pathPort?: number;
  /** How many customers' hosts the attacker has. */
  readonly enrolled?: number;
  /** The attacker is the cloud; what he signs with is in `hostileCloud`. */
  readonly hostile?: boolean;
}

/** Where everybody is: documentation and benchmark ranges (RFC 5737, 2544, 3849). */
export const AT = {
  host: { 4: "198.51.100.2", 6: "2001:db8:1::2" },
  attacker: { 4: "198.51.100.1", 6: "2001:db8:1::1" },
  cloud: "198.51.100.2",
  /** All of it is the attacker's: he may call himself any of these. */
  strangers: "198.18.0.0/15",
  /** Whom he poses as: what an attack bans, and the networks of the probe. */
  posed: {
    4: ["45.0.0.0/16", "192.0.2.0/24"],
    6: ["2001:db8:45::/48", "2001:db8::/64"],
  },
} as const;

const PORT = 8_443;

/**
 * A cloud and an honest host as real processes, as installed, in this namespace;
 * and the attacker's in another, joined by a cable.
 */
export class Stage implements AsyncDisposable {
  readonly lab: Lab;
  readonly #cloud: LabCloud | undefined;
  readonly host: LabHost;
  readonly outside: Namespace;
  readonly enforcer: Enforcer;
  readonly #target: Omit<Target, "seconds">;
  readonly #opened: Lifetime;

  private constructor(parts: Parts) {
    this.lab = parts.lab;
    this.#cloud = parts.cloud;
    this.host = parts.host;
    this.outside = parts.outside;
    this.enforcer = parts.enforcer;
    this.#target = parts.target;
    this.#opened = parts.opened;
  }

  static async open(options: StageOptions): Promise<Stage> {
    await using opened = new Lifetime();
    const outside = opened.own(await joined());
    const lab = opened.own(new Lab());
    const disks = await smallDisks(lab, options);
    opened.defer(async () => {
      for (const each of disks) await sh(`umount -l ${each}`);
    });
    const log = join(lab.folder, "auth.log");
    writeFileSync(log, "");
    const { config = {} } = options;
    const sensors = { sshd: { source: { file: log } } };
    const settings = { sensors, ...config };
    const { host, cloud, ca } = options.hostile
      ? await betrayed(lab, settings)
      : await honest(lab, settings, options);
    const enforcer = opened.own(await openNftables(systemBanClock));
    const target = await targetOf({ lab, cloud, outside, ca }, options, log);
    const parts = { lab, cloud, host, outside, enforcer, target };
    return new Stage({ ...parts, opened: opened.release() });
  }

  /** Undefined where the attacker is the cloud. */
  get honestCloud(): LabCloud | undefined {
    return this.#cloud;
  }

  /** @throws Error where the attacker is the cloud */
  get cloud(): LabCloud {
    if (this.#cloud === undefined) throw new Error("there is no honest cloud");
    return this.#cloud;
  }

  /** The host's operator orders something, as root at its command line. */
  order(...args: readonly string[]): Promise<string> {
    return output(this.host.command(...args));
  }

  target(seconds: number): Target {
    return { ...this.#target, seconds };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host.process?.kill("SIGTERM");
    await this.host.process?.ended;
    await this.enforcer.cleanUp();
    await this.#opened[Symbol.asyncDispose]();
  }
}

interface Parts extends Pick<Stage, "lab" | "host" | "outside" | "enforcer"> {
  readonly cloud: LabCloud | undefined;
  readonly target: Omit<Target, "seconds">;
  readonly opened: Lifetime;
}

async function joined(): Promise<Namespace> {
  const outside = await Namespace.linked(
    {
      here: [`${AT.host[4]}/24`, `${AT.host[6]}/64`],
      there: [`${AT.attacker[4]}/24`, `${AT.attacker[6]}/64`],
    },
    7_000,
  );
  // He answers to, and calls from, any address of a /15; and whatever is said to
  // those whom he poses as goes his way, by the router that he is.
  await outside.sh(`ip route add local ${AT.strangers} dev lo`);
  for (const range of [AT.strangers, ...AT.posed[4]]) {
    await sh(`ip route add ${range} via ${AT.attacker[4]}`);
  }
  for (const range of AT.posed[6]) {
    await sh(`ip -6 route add ${range} via ${AT.attacker[6]}`);
  }
  return outside;
}

interface Sides {
  readonly host: LabHost;
  readonly cloud: LabCloud | undefined;
  /** PEM file of the authority that the cloud's certificate is of. */
  readonly ca: string | undefined;
}

async function honest(
  lab: Lab,
  config: object,
  { settings = {}, pathPort }: StageOptions,
): Promise<Sides> {
  const also = pathPort === undefined ? [] : [AT.attacker[4]];
  const at = { port: PORT, address: AT.cloud, also, settings };
  const cloud = await lab.startCloud(at);
  const host = await lab.startHost(cloud, "host", { config: { ...config } });
  if (pathPort !== undefined) await reroute(lab, host, pathPort);
  return { host, cloud, ca: cloud.certificate?.cert };
}

/** From its next start on, the host calls its cloud where the attacker listens. */
async function reroute(lab: Lab, host: LabHost, port: number): Promise<void> {
  host.process?.kill("SIGTERM");
  await host.process?.ended;
  const file = join(host.folder, "state/identity.json");
  const identity = JSON.parse(readFileSync(file, "utf8")) as object;
  const url = `https://${AT.attacker[4]}:${port}`;
  writeFileSync(file, JSON.stringify({ ...identity, url }));
  await lab.startAgent(host);
}

/** A host whose cloud is the attacker: enrolled with keys that he has. */
async function betrayed(lab: Lab, config: object): Promise<Sides> {
  const { cert } = await makeCertificate(lab.folder, AT.attacker[4]);
  const host = new LabHost(join(lab.folder, "host"), undefined);
  const stateDir = join(host.folder, "state");
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const secret = { mode: 0o600 };
  const identity = identityFor(`https://${AT.attacker[4]}:${PORT}`);
  writeFileSync(
    join(stateDir, "identity.json"),
    JSON.stringify(identity),
    secret,
  );
  const { device } = keys;
  const keyFile = join(stateDir, `device-${device.id}.key`);
  writeFileSync(keyFile, device.toPem(), secret);
  const own = { stateDir, controlSocket: host.socket, cloud: { caFile: cert } };
  writeFileSync(host.config, JSON.stringify({ ...own, ...config }));
  await lab.startAgent(host);
  return { host, cloud: undefined, ca: cert };
}

/** Returns where they are mounted. */
async function smallDisks(
  lab: Lab,
  { hostDiskMb, cloudDiskMb }: StageOptions,
): Promise<readonly string[]> {
  const disks = { "host/state": hostDiskMb, cloud: cloudDiskMb };
  const mounted: string[] = [];
  for (const [name, megabytes] of Object.entries(disks)) {
    if (megabytes === undefined) continue;
    const folder = join(lab.folder, name);
    mkdirSync(folder, { recursive: true });
    await sh(`mount -t tmpfs -o size=${megabytes}m,mode=700 none ${folder}`);
    mounted.push(folder);
  }
  return mounted;
}

async function targetOf(
  {
    lab,
    cloud,
    outside,
    ca,
  }: Pick<Parts, "lab" | "cloud" | "outside"> & Pick<Sides, "ca">,
  { enrolled = 0, pathPort }: StageOptions,
  log: string,
): Promise<Omit<Target, "seconds">> {
  const tokens: string[] = [];
  for (let i = 0; i < enrolled && cloud !== undefined; i++) {
    const org = `attacked-${i}`;
    await cloud.addOrg(org, org);
    tokens.push(await cloud.token(org));
  }
  const ours = `${OWN_DEVICE}${outside.pid}`;
  const [here] = JSON.parse(await sh(`ip -j link show ${ours}`)) as Device[];
  const [there] = JSON.parse(
    await outside.sh("ip -j link show eth0"),
  ) as Device[];
  return {
    ...{ url: cloud?.url ?? "", cloudAddress: AT.cloud, port: PORT },
    ...{ tokens, log, ca, pathPort },
    hostAddress: AT.host,
    mac: here?.address ?? "",
    device: there?.ifindex ?? 0,
    stateDir: join(lab.folder, "host/state"),
  };
}

/** What `ip -j link` says of a device. */
interface Device {
  readonly ifindex: number;
  readonly address: string;
}
