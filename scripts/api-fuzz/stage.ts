import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { operatorsSocket } from "../../cloud/door/operators-door.js";
import { Lab, type LabCloud } from "../lab/lab.js";
import { gather, type Member } from "./cast.js";
import { Client, type Answered } from "./client.js";
import type { Sent } from "./judge.js";
import { Pools } from "./pools.js";

/** A cloud as a process, in a folder of its own, and everybody who asks it. */
export class Stage implements AsyncDisposable {
  readonly pools: Pools;
  readonly cast: readonly Member[];
  readonly #public: Client;
  readonly #socket: Client;
  readonly #cloud: LabCloud;
  readonly #opened: Lifetime;
  readonly #turns = new Map<Member, number>();

  private constructor(parts: Parts) {
    this.pools = parts.pools;
    this.cast = parts.cast;
    this.#public = parts.atPublic;
    this.#socket = parts.atSocket;
    this.#cloud = parts.cloud;
    this.#opened = parts.opened;
  }

  static async open(): Promise<Stage> {
    await using opened = new Lifetime();
    const lab = opened.own(new Lab());
    const port = await freePort();
    const cloud = await lab.startCloud({
      port,
      // No host answers here, so that nobody waits for what is open on it.
      settings: { twoPersons: { flows: null } },
    });
    const socketPath = operatorsSocket(cloud.dir);
    const clients = {
      atPublic: new Client({ host: "127.0.0.1", port }),
      atSocket: new Client({ socketPath }),
    };
    const token = readFileSync(join(cloud.dir, "operator.token"), "utf8");
    const pools = new Pools();
    const cast = await gather(clients.atSocket, token.trim(), pools);
    for (let each = 1; each <= HOSTS; each++) await enrolled(cloud, pools);
    const parts = { ...clients, ...{ pools, cast, cloud } };
    return new Stage({ ...parts, opened: opened.release() });
  }

  /** Gone afterwards, whatever is written there. */
  get folder(): string {
    return dirname(this.#cloud.dir);
  }

  get url(): string {
    return this.#cloud.url;
  }

  /** The token of the vendor's admin, for a program that is not this one. */
  tokenOf(name: string): string {
    const { shown } = this.cast.find((member) => member.name === name)!;
    return (shown[0]?.["authorization"] ?? "").replace("Bearer ", "");
  }

  send({ asked, member, atSocket }: Sent): Promise<Answered> {
    const turn = (this.#turns.get(member) ?? -1) + 1;
    this.#turns.set(member, turn);
    const shown = member.shown[turn % member.shown.length] ?? {};
    const headers = { ...asked.headers, ...shown };
    const client = atSocket ? this.#socket : this.#public;
    return client.ask({ ...asked, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#public.close();
    this.#socket.close();
    await this.#opened[Symbol.asyncDispose]();
  }
}

interface Parts {
  readonly pools: Pools;
  readonly cast: readonly Member[];
  readonly atPublic: Client;
  readonly atSocket: Client;
  readonly cloud: LabCloud;
  readonly opened: Lifetime;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function enrolled(cloud: LabCloud, pools: Pools): Promise<void> {
  const { agent } = await cloud.enrol("acme", { hostname: "host.example" });
  pools.add("agent", agent);
}

const HOSTS = 4;
