import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import {
  askAtDoor,
  letIn,
  type Person,
} from "../../test/support/cloud/people.js";
import { Batches } from "../lab/batch.js";
import { Lab, type LabCloud } from "../lab/lab.js";
import {
  castHosts,
  CUSTOMERS,
  PEOPLE,
  type HostCast,
  type PersonName,
} from "./lively/cast.js";
import { Chance } from "./lively/chance.js";
import { layHistory } from "./lively/history.js";
import { LivelyHost, type LivelyHostPorts } from "./lively/lively-host.js";
import { madeUpPlaces } from "./lively/places.js";
import { Weather, type Climate } from "./lively/weather.js";

export interface LivelyOptions extends Climate {
  readonly port: number;
  readonly hosts: number;
  /** No host is away, slow or of its own mind. */
  readonly areAllWell?: boolean;
  /** The same seed has the same hosts, and the same happen to them. */
  readonly seed: number;
  /** Everybody's; one of their own that is drawn unless given. */
  readonly password?: string | undefined;
  /** What browsers call it: passkeys want a name. */
  readonly named?: string;
  readonly encrypted?: boolean;
  /** Added to the cloud's settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Is told what it is at. */
  readonly say?: (line: string) => void;
}

export interface LivelyPerson extends Person {
  readonly password: string;
}

/**
 * A real cloud, and a fleet of simulated hosts that speak the real protocol to it:
 * several customers, people who work there, quiet days, and now and then an
 * attack. Nothing is enforced anywhere, and nothing is left behind.
 */
export class Lively implements AsyncDisposable {
  readonly cloud: LabCloud;
  readonly people: Readonly<Record<PersonName, LivelyPerson>>;
  readonly hosts: readonly LivelyHost[];
  readonly weather: Weather;
  /** Where browsers go. */
  readonly address: string;
  readonly #ports: LivelyHostPorts;
  readonly #opened: Lifetime;

  private constructor(parts: Parts) {
    this.cloud = parts.cloud;
    this.people = parts.people;
    this.hosts = parts.hosts;
    this.weather = parts.weather;
    this.address = parts.address;
    this.#ports = parts.ports;
    this.#opened = parts.opened;
  }

  static async open(options: LivelyOptions): Promise<Lively> {
    const { port, named, encrypted = false, say = () => undefined } = options;
    const chance = new Chance(options.seed);
    await using opened = new Lifetime();
    const lab = opened.own(new Lab());
    say("a cloud is made, and started");
    const countries = join(lab.folder, "made-up.mmdb");
    writeFileSync(countries, madeUpPlaces(chance));
    const cloud = await lab.startCloud({
      ...{ port, encrypted, ...(named !== undefined && { named }) },
      settings: { ...SETTINGS, countries, ...options.settings },
    });
    appendFileSync(join(cloud.dir, "never-ban.txt"), NEVER);
    const people = await letEverybodyIn(cloud, options.password);
    const drawn = castHosts(options.hosts, chance);
    const casts = options.areAllWell ? drawn.map(asWell) : drawn;
    say(`${casts.length} hosts of ${CUSTOMERS.length} customers come in`);
    const { url, ca } = cloud;
    const ports = { cloud: { url, ca }, batches: new Batches(), chance };
    const hosts = await enrolAll(cloud, casts, ports);
    for (const host of hosts) opened.own(host);
    await joinAll(hosts);
    await layHistory(cloud, people, chance);
    const weather = opened.own(new Weather(hosts, options, chance));
    const scheme = encrypted ? "https" : "http";
    const address = `${scheme}://${named ?? "127.0.0.1"}:${port}/console/`;
    const parts = { cloud, people, hosts, weather, address, ports };
    return new Lively({ ...parts, opened: opened.release() });
  }

  /** Another one comes in, which is no part of what happens by itself. */
  async add(cast: HostCast): Promise<LivelyHost> {
    const host = this.#opened.own(await enrol(this.cloud, cast, this.#ports));
    await host.join();
    return host;
  }

  /** The one of that name. */
  host(hostname: string): LivelyHost {
    const found = this.hosts.find(({ cast }) => cast.hostname === hostname);
    if (found === undefined) throw new Error(`there is no host ${hostname}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

const asWell = (cast: HostCast): HostCast => ({ ...cast, temper: "well" });

interface Parts {
  readonly cloud: LabCloud;
  readonly people: Lively["people"];
  readonly hosts: readonly LivelyHost[];
  readonly weather: Weather;
  readonly address: string;
  readonly ports: LivelyHostPorts;
  readonly opened: Lifetime;
}

/** Nobody has been a customer for two weeks on a stage, and days are short. */
const SETTINGS = {
  correlation: {
    ...{ standingDays: 0, standingHosts: 1, standingConfirmed: 0 },
    ...{ banForS: 1_800 },
  },
  twoPersons: { enabled: true },
  rollout: { enabled: true, waits: [20, 30, 40] },
};

/** What a rule wants of these goes to a person. */
const NEVER = "203.0.113.224/27 # scanners of a partner\n";

async function letEverybodyIn(
  cloud: LabCloud,
  password: string | undefined,
): Promise<Lively["people"]> {
  const file = join(cloud.dir, "operator.token");
  const operator = readFileSync(file, "utf8").trim();
  const door = { dir: cloud.dir, operator };
  const all: [PersonName, LivelyPerson][] = [];
  for (const joining of PEOPLE) {
    const person = await letIn(door, joining);
    const own = password ?? randomBytes(12).toString("base64url");
    const way = `/operators/${person.id}/password`;
    const order = ["POST", way, { password: own }] as const;
    const { status } = await askAtDoor(cloud, operator, order);
    if (status !== 201) throw new Error(`setting a password got ${status}`);
    all.push([joining.name, { ...person, password: own }]);
  }
  return Object.fromEntries(all) as Lively["people"];
}

async function enrolAll(
  cloud: LabCloud,
  casts: readonly HostCast[],
  ports: LivelyHostPorts,
): Promise<readonly LivelyHost[]> {
  for (const { id, name } of CUSTOMERS) {
    if (id !== "acme") await cloud.addOrg(id, name);
  }
  const hosts: LivelyHost[] = [];
  for (const cast of casts) {
    hosts.push(await enrol(cloud, cast, ports));
    await systemClock.sleep(BETWEEN_MS);
  }
  return hosts;
}

async function enrol(
  cloud: LabCloud,
  cast: HostCast,
  ports: LivelyHostPorts,
): Promise<LivelyHost> {
  const { org, hostname, system, version, tag } = cast;
  const who = await cloud.enrol(org, { hostname, system, version });
  const path = `/api/v1/agents/${who.agent}/tags`;
  await cloud.api("PUT", path, { tags: [tag] });
  return new LivelyHost(cast, who, ports);
}

/** Those that are away were there once. */
async function joinAll(hosts: readonly LivelyHost[]): Promise<void> {
  for (const host of hosts) {
    await host.join();
    await systemClock.sleep(BETWEEN_MS);
  }
  for (const host of hosts) if (host.cast.temper === "away") host.cutOff();
}

/** They all come from one address, and the door lets 50 sessions a second in. */
const BETWEEN_MS = 12;
