import type { CoverageTold } from "../../../cloud/cli/ask-coverage.js";
import { until } from "../../lab/run.js";
import type { Lively } from "../lively.js";
import type { Teller } from "../teller.js";
import { CUSTOMERS } from "./cast.js";

/** What is to be seen in the console, told as it happens. */
export async function walk(lively: Lively, teller: Teller): Promise<void> {
  teller.scene(`${SOURCE} tries one customer after the other`);
  const route = CUSTOMERS.slice(0, 3);
  lively.weather.attack(
    SOURCE,
    route.map(({ id }) => id),
  );
  teller.say(route.map(({ name }) => name).join(", then "));
  const decided = await until(
    "a rule decides",
    async () => (await decisions(lively)).find(isOf(SOURCE)),
    60_000,
  );
  const { decision, by, reason } = decided;
  teller.check(
    `${by} bans it for everybody: ${reason}`,
    by.startsWith("rule:"),
  );

  teller.scene("Who holds it, and who is missing");
  const present = lively.hosts.filter(({ isThere }) => isThere).length;
  const { coverage } = await until("those that are there answer", async () => {
    const told = await coverageOf(lively, decision);
    const { must, missing } = told.coverage;
    return must - missing >= present ? told : undefined;
  });
  const { must, holding, missing, times } = coverage;
  const p50 = (times?.p50 ?? 0).toFixed(0);
  teller.check(
    `${holding} of ${must} hosts drop it, p50 ${p50} ms; ${must - holding - missing} only watch or hold it, ${missing} are missing`,
    holding > 0,
  );
}

/** From a range for examples (RFC 5737). */
const SOURCE = "203.0.113.7";

interface Decided {
  readonly decision: string;
  readonly by: string;
  readonly reason: string;
  readonly targets: readonly string[];
}

const isOf =
  (source: string) =>
  ({ targets }: Decided): boolean =>
    targets.includes(source);

const decisions = async ({ cloud }: Lively): Promise<readonly Decided[]> =>
  cloud.list<Decided>("decisions", { limit: "20" });

const coverageOf = ({ cloud }: Lively, decision: string) =>
  cloud.api<CoverageTold>("GET", `/api/v1/coverage/${decision}`);
