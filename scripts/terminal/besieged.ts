import { appendFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { formatCidr } from "../../agent/model/cidr.js";
import { scattered } from "../bench/lists.js";
import { attack } from "../demonstration/attack.js";
import { guesses } from "../demonstration/brute-force.js";
import {
  ATTACKER,
  BRUTE,
  CLOUD_PORT,
  HOST,
  PORT,
  targets,
} from "../demonstration/stage.js";
import { receiptAt } from "../demonstration/times.js";
import { Lab, type LabCloud, type LabHost } from "../lab/lab.js";
import { Namespace, sh } from "../lab/namespace.js";
import { serve } from "../lab/prober.js";
import { output } from "../lab/run.js";
import type { Typed } from "./terminal.js";

/** A host that has been attacked for a while, and still is. */
export class BesiegedHost implements AsyncDisposable {
  private constructor(
    readonly host: LabHost,
    readonly attacker: Namespace,
    readonly lab: Lab,
    readonly service: AsyncDisposable,
  ) {}

  /** @param seconds for which it is attacked first */
  static async open(seconds: number): Promise<BesiegedHost> {
    const link = {
      here: [`${HOST.v4}/24`, `${HOST.v6}/64`],
      there: [`${ATTACKER.v4}/24`, `${ATTACKER.v6}/64`],
    };
    const attacker = await Namespace.linked(link, PORT);
    await attacker.sh(
      `ip route add default dev eth0; ip -6 route add default dev eth0; ip address add ${BRUTE}/32 dev lo`,
    );
    const theirs = [`${ATTACKER.v4}/32`, `${ATTACKER.v6}/128`, `${BRUTE}/32`];
    await attacker.routeHere(theirs);
    const service = await serve(PORT);
    const lab = new Lab();
    const log = await asOnAHost("/var/log/auth.log");
    const cloud = await lab.startCloud({ port: CLOUD_PORT, address: HOST.v4 });
    const sensors = { sshd: { source: { file: log, onlySshd: true } } };
    const host = await lab.startHost(cloud, "web-1", { config: { sensors } });
    const besieged = new BesiegedHost(host, attacker, lab, service);
    await order(cloud);
    await output(
      host.command("ban", "192.0.2.40", "--for", "12h", "--reason", "scans us"),
    );
    appendFileSync(log, guesses(6));
    await besieged.#attack(AbortSignal.timeout(seconds * 1_000));
    return besieged;
  }

  /** What a person types, by the name of its picture. */
  typed(name: string): Typed {
    const found = TYPED.get(name);
    if (found === undefined) throw new Error(`there is no picture of ${name}`);
    const { words, afterMs } = found;
    return {
      typed: ["tourniquet", ...words].join(" "),
      command: this.host.command(...words),
      ...(afterMs === undefined ? {} : { afterMs }),
    };
  }

  /** Attacks on while something is looked at. */
  async during<T>(look: () => Promise<T>): Promise<T> {
    const end = new AbortController();
    const attacking = this.#attack(end.signal);
    try {
      return await look();
    } finally {
      end.abort();
      await attacking;
    }
  }

  async #attack(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await attack(this.attacker, [...targets, GUESSING], 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    await this.service[Symbol.asyncDispose]();
    await this.attacker[Symbol.asyncDispose]();
  }
}

/** Pictures show paths as hosts have them: in this mount namespace alone. */
async function asOnAHost(path: string): Promise<string> {
  await sh(`mount -t tmpfs tmpfs ${dirname(path)}`);
  writeFileSync(path, "");
  return path;
}

const GUESSING = { from: BRUTE, to: HOST.v4, port: PORT };

const TYPED: ReadonlyMap<
  string,
  { readonly words: readonly string[]; readonly afterMs?: number }
> = new Map([
  ["status", { words: ["status"] }],
  ["why", { words: ["why", ATTACKER.v4] }],
  ["doctor", { words: ["doctor"] }],
  ["watch", { words: ["watch"], afterMs: 9_000 }],
]);

/** As it would have come in over some days: a list, and what people decided. */
async function order(cloud: LabCloud): Promise<void> {
  const list = scattered(10_000).cidrs.map(formatCidr).join("\n");
  const path =
    "/api/v1/imports?feed=reputation&for=1d&reason=known+bad+addresses";
  await cloud.api("POST", path, list);
  const { offset } = await cloud.api<{ readonly offset: number }>(
    "POST",
    "/api/v1/bans",
    {
      ranges: [ATTACKER.v4, ATTACKER.v6],
      ...{ for: "6h", reason: "password guessing at 14 customers" },
    },
  );
  await receiptAt(cloud, "urgent", offset);
}
