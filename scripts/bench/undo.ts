import { readFileSync } from "node:fs";
import { formatCidr } from "../../agent/model/cidr.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Lab, type LabCloud } from "../lab/lab.js";
import { Namespace } from "../lab/namespace.js";
import { until } from "../lab/run.js";
import { gather } from "./crowd.js";
import { realList, scattered, type List } from "./lists.js";
import { alone, median, quantile, type Row } from "./report.js";

/**
 * From the order to undo an import until every host's receipt of it is in the
 * cloud's log: three real hosts, which read it back from their kernels first, and
 * a thousand sessions of simulated ones. The import goes before it, for comparison.
 * The real hosts have what the cloud and the sessions leave of this machine, since
 * no cloud shares its processor with its customers' hosts.
 */
export async function benchUndo(): Promise<readonly Row[]> {
  await using opened = new Lifetime();
  const lab = opened.own(new Lab());
  const networks = await hostNetworks(opened);
  const cloud = await lab.startCloud({
    port: CLOUD_PORT,
    address: here(1),
    also: [2, 3].map(here),
  });
  opened.own(await gather(lab, cloud, SIMULATED));
  for (const [at, { pid }] of networks.entries()) {
    await lab.startHost(cloud, `host-${at + 1}`, {
      netns: pid,
      isYielding: true,
    });
  }
  const list = realList(REAL_LIST) ?? scattered(FEW);
  const text = list.cidrs.map(formatCidr).join("\n");
  const imported = await timed(
    cloud,
    "/api/v1/imports?for=7d&list=level4",
    text,
  );
  const order = { reason: "a benchmark" };
  const path = `/api/v1/decisions/${imported.decision}/undo`;
  const undone = await timed(cloud, path, order);
  return [
    ...rowsOf(`import of ${sizeOf(list)}`, imported, false),
    ...rowsOf(`undo of it`, undone, true),
  ];
}

const REAL = 3;
const SIMULATED = 1_000;
const CLOUD_PORT = 18_449;
const REAL_LIST = "firehol/firehol_level4.netset";
/** As many as that list had when this was written. */
const FEW = 131_420;

/** The longest that anybody may wait, of 100 hosts 99. */
const GOAL_S = 5;

const here = (host: number): string => `10.98.${host}.1`;

/** Each of the real hosts has a kernel's ruleset of its own. */
async function hostNetworks(opened: Lifetime): Promise<readonly Namespace[]> {
  const made: Namespace[] = [];
  for (let host = 1; host <= REAL; host++) {
    const link = {
      here: [`${here(host)}/24`],
      there: [`10.98.${host}.2/24`],
    };
    const network = opened.own(await Namespace.linked(link, PROBED));
    await network.sh("ip route add default dev eth0");
    made.push(network);
  }
  return made;
}

const PROBED = 7_007;

interface Timed {
  readonly decision: string;
  /** Seconds until the cloud had answered, and until each host's receipt. */
  readonly answered: number;
  readonly receipts: readonly number[];
  /** Those of the real hosts among them. */
  readonly real: readonly number[];
  /** Of the cloud, in seconds: what other work on the machine does not lengthen. */
  readonly processor: number;
}

interface Decided {
  readonly decision: string;
  readonly epoch: string;
  readonly offset: number;
}

async function timed(
  cloud: LabCloud,
  path: string,
  body: unknown,
): Promise<Timed> {
  const before = processorS(cloud);
  const started = Date.now();
  const made = await cloud.api<Decided>("POST", path, body);
  const answered = (Date.now() - started) / 1_000;
  const { decision, epoch, offset } = made;
  const place = { feed: "reputation", epoch, offset: String(offset) };
  const asked = (limit: number) =>
    cloud.api<Receipts>(
      "GET",
      `/api/v1/receipts?${new URLSearchParams({ ...place, limit: String(limit) }).toString()}`,
    );
  await until(
    "all hosts have answered",
    async () => {
      await systemClock.sleep(LOOK_EVERY_MS);
      const { total } = await asked(1);
      return total >= REAL + SIMULATED || undefined;
    },
    MOST_MS,
  );
  const processor = processorS(cloud) - before;
  const { items } = await asked(10_000);
  const tookOf = (all: Receipts["items"]) =>
    all.map(({ at }) => (Date.parse(at) - started) / 1_000);
  const isReal = ({ receipt }: Receipts["items"][number]): boolean =>
    receipt.backend === "nftables";
  const real = tookOf(items.filter(isReal));
  return { decision, answered, receipts: tookOf(items), real, processor };
}

/** Of all its threads, in seconds. */
function processorS({ process: running }: LabCloud): number {
  const text = readFileSync(`/proc/${running?.pid ?? 0}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Of a second, as Linux counts them for programs. */
const TICKS = 100;

interface Receipts {
  readonly total: number;
  readonly items: readonly {
    readonly at: string;
    readonly receipt: Pick<Receipt, "backend">;
  }[];
}

const MOST_MS = 120_000;

/** Looking without a pause would take the processor from whom we wait for. */
const LOOK_EVERY_MS = 100;

const sizeOf = ({ name, cidrs }: List): string =>
  `${name}, ${cidrs.length.toLocaleString("en")} ranges`;

function rowsOf(
  what: string,
  { answered, receipts, real, processor }: Timed,
  hasGoal: boolean,
): readonly Row[] {
  const p99 = quantile(receipts, 0.99);
  const of = `${REAL} hosts and ${SIMULATED.toLocaleString("en")} sessions`;
  const row = (name: string, ours: number): Row =>
    alone({ what: `${what}: ${name}`, unit: "s", ours });
  return [
    row("until the cloud has answered", answered),
    row(`until the receipt, p50 of ${of}`, median(receipts)),
    {
      ...row("until the receipt, p99", p99),
      goal: hasGoal ? `≤ ${GOAL_S} s` : null,
      met: hasGoal ? p99 <= GOAL_S : null,
    },
    row(`until the last receipt of the ${REAL} hosts`, Math.max(...real)),
    row("until the last receipt", Math.max(...receipts)),
    row("processor time of the cloud until then", processor),
  ];
}
