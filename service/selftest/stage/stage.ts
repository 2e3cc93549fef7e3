import { access, writeFile } from "node:fs/promises";
import { setPriority } from "node:os";
import type { Family } from "../../../agent/model/cidr.js";
import type { Flow } from "../flows/flows.js";
import { together, type Log } from "../flows/log.js";
import {
  ADDRESSES,
  CONTAINER_PORT,
  PUBLISHED,
  TCP_PORTS,
  UDP_PORT,
} from "./addresses.js";
import { Namespace, cable, ip } from "./namespace.js";
import { Party } from "./party.js";
import { publish } from "./published.js";

/**
 * The client, the host and its container. This process is in the namespace of
 * the host, which is where bans are enforced. Nothing is torn down: it is the
 * first of its process namespace, so with it ends whatever it has started.
 */
export class Stage {
  readonly #parties: Parties;

  private constructor(
    readonly families: readonly Family[],
    parties: Parties,
  ) {
    this.#parties = parties;
  }

  /** Builds it. This process must be in a namespace where it may do as it likes. */
  static async build(): Promise<Stage> {
    hurry();
    const families = await familiesOfThisKernel();
    await ip("link", "set", "lo", "up");
    const client = await Namespace.make();
    const container = await Namespace.make();
    await lay(families, client, container);
    const parties = {
      client: new Party("client", (...command) => client.command(...command)),
      host: new Party("host", (...command) => command),
      container: new Party("container", (...command) =>
        container.command(...command),
      ),
    };
    const open = { tcp: TCP_PORTS, udp: [UDP_PORT] };
    const inside = { tcp: [CONTAINER_PORT], udp: [] };
    await parties.client.tell({ do: "receive", ports: open, families });
    await parties.host.tell({ do: "receive", ports: open, families });
    await parties.container.tell({ do: "receive", ports: inside, families });
    return new Stage(families, parties);
  }

  /** Begins flows. */
  async send(flows: readonly Flow[]): Promise<void> {
    for (const from of ["client", "host"] as const) {
      const theirs = flows.filter((flow) => flow.from === from);
      await this.#parties[from].tell({ do: "send", flows: theirs });
    }
  }

  /** What everybody together knows now. */
  async log(): Promise<Log> {
    const asked = Object.values(this.#parties).map((party) =>
      party.tell({ do: "report" }),
    );
    return together(await Promise.all(asked));
  }
}

type Parties = Readonly<Record<"client" | "host" | "container", Party>>;

async function lay(
  families: readonly Family[],
  client: Namespace,
  container: Namespace,
): Promise<void> {
  const on = (name: "client" | "host" | "inside" | "container") =>
    families.map((family) => {
      const { [name]: address, prefix } = ADDRESSES[family];
      return `${address}/${prefix}`;
    });
  await cable(
    { device: "client", addresses: on("host") },
    { device: "eth0", addresses: on("client"), namespace: client },
  );
  await cable(
    { device: "container", addresses: on("inside") },
    { device: "eth0", addresses: on("container"), namespace: container },
  );
  for (const family of families) {
    const { inside } = ADDRESSES[family];
    await container.ip("route", "add", "default", "via", inside);
    await forward(family);
  }
  await publish(
    families.map((family) => ({
      ...{ family, port: PUBLISHED, toPort: CONTAINER_PORT },
      to: ADDRESSES[family].container,
    })),
  );
}

/** A kernel may have been started without IPv6. */
async function familiesOfThisKernel(): Promise<readonly Family[]> {
  try {
    await access("/proc/self/net/if_inet6");
    return [4, 6];
  } catch {
    return [4];
  }
}

async function forward(family: Family): Promise<void> {
  await writeFile(`/proc/sys/net/${FORWARDING[family]}`, "1");
}

const FORWARDING: Readonly<Record<Family, string>> = {
  4: "ipv4/ip_forward",
  6: "ipv6/conf/all/forwarding",
};

/**
 * On a busy machine whoever waits for a processor bans late, or reads late what
 * came in time. All who play, and whatever bans, go before others if we may.
 */
function hurry(): void {
  try {
    setPriority(URGENT);
  } catch {
    return; // only root may
  }
}

const URGENT = -15;
