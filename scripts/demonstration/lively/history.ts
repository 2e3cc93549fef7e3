import type { LabCloud } from "../../lab/lab.js";
import { askAtDoor, type Person } from "../../../test/support/cloud/people.js";
import type { PersonName } from "./cast.js";
import type { Chance } from "./chance.js";

/** What was going on before anybody looked: some of everything that there is. */
export async function layHistory(
  cloud: LabCloud,
  people: Readonly<Record<PersonName, Person>>,
  chance: Chance,
): Promise<void> {
  const { demo, ann, bob } = people;
  const past = new History(cloud);
  await past.brings(ann, "partner-list", listOf(chance, LISTED));
  await past.order(ann, "/bans", {
    ...{ range: "198.51.100.66", for: "2d" },
    reason: "case 4711: password guessing against the shop",
  });
  await past.order(ann, "/bans", {
    ...{ range: "192.0.2.192/27", for: "7d", observe: true },
    reason: "watched first: a hoster whose customers complain",
  });
  await past.order(bob, "/bans", {
    ...{ range: "203.0.113.200", for: "12h", feed: "org/acme" },
    reason: "acme asked for it",
  });
  const { decision } = await past.order<{ decision: string }>(ann, "/bans", {
    ...{ range: "198.51.100.12", for: "1d" },
    reason: "case 4712: a scanner",
  });
  await past.order(bob, `/decisions/${decision}/undo`, {
    ...{ reason: "it is a customer's own monitoring", wrong: true },
  });
  // Wide: it waits for bob, and then goes to few hosts first.
  const { proposal } = await past.order<{ proposal: string }>(ann, "/bans", {
    ...{ range: "2001:db8:c000::/34", for: "6h" },
    reason: "case 4713: a rented network that sends nothing else",
  });
  if (proposal) await past.order(bob, `/proposals/${proposal}/release`, {});
  await past.order(ann, "/bans", {
    ...{ range: "3fff:1000::/24", for: "1d" },
    reason: "case 4714: a whole provider, please look at it with me",
  });
  await past.order(ann, "/contests/open", {
    ...{ address: "198.51.100.66", contact: "noc@partner.example" },
    why: "This is the exit of our office; the host that guessed is cleaned.",
  });
  await past.put(demo, "/rules/shadow", { text: SHADOW });
  await past.order(demo, "/enrolment-tokens", {
    ...{ org: "elm-university", label: "the new lab" },
  });
}

class History {
  readonly #cloud: LabCloud;

  constructor(cloud: LabCloud) {
    this.#cloud = cloud;
  }

  order<T>(by: Person, path: string, body: object): Promise<T> {
    return this.#ask<T>(by, ["POST", path, body]);
  }

  put<T>(by: Person, path: string, body: object): Promise<T> {
    return this.#ask<T>(by, ["PUT", path, body]);
  }

  /** @throws what the API says against it */
  async #ask<T>(
    { token }: Person,
    asked: readonly [string, string, object],
  ): Promise<T> {
    const { status, body } = await askAtDoor<T>(this.#cloud, token, asked);
    if (status < 300) return body;
    const [method, path] = asked;
    throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
  }

  async brings(
    { token }: Person,
    list: string,
    lines: readonly string[],
  ): Promise<void> {
    const about = { list, for: "7d", reason: `from ${list}` };
    const query = new URLSearchParams(about).toString();
    const path = `/api/v1/imports?${query}`;
    await this.#cloud.api("POST", path, lines.join("\n"), token);
  }
}

const LISTED = 2_000;

/** Networks of a range for examples, each once. */
function listOf(chance: Chance, count: number): readonly string[] {
  const nets = new Set<string>();
  while (nets.size < count) {
    const middle = (0x8000 + chance.whole(0, 0x3fff)).toString(16);
    const last = chance.whole(0, 0xffff).toString(16);
    nets.add(`2001:db8:${middle}:${last}::/64`);
  }
  return [...nets];
}

const SHADOW = `version: 1
rules:
  - name: low-and-slow
    why: many customers, seldom on each
    within: 1h
    needs: { orgs: 2, failures: 20 }
    ban: { for: 1h, growing: { factor: 2, upTo: 7d } }
`;
