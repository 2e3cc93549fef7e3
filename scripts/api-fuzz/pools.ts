/**
 * What answers named, by kind: `operator`, `decision`, `cursor`. Good requests
 * take from it, so that they meet what is there. What the run itself lives on is
 * never handed out.
 */
export class Pools {
  readonly #pools = new Map<string, string[]>();
  readonly #own = new Set<string>();
  #turn = 0;

  /** Never to be steered: the run's own people and credentials. */
  spare(...own: readonly string[]): void {
    for (const each of own) this.#own.add(each);
  }

  /** One of a kind, chosen by a number; undefined: none is known. */
  pick(kind: string, by: number): string | undefined {
    const pool = this.#pools.get(kind);
    return pool?.[by % pool.length];
  }

  add(kind: string, value: string): void {
    if (this.#own.has(value) || value.length > LONGEST) return;
    const pool = this.#pools.get(kind) ?? [];
    this.#pools.set(kind, pool);
    if (pool.includes(value)) return;
    if (pool.length < MOST) pool.push(value);
    else pool[this.#turn++ % MOST] = value;
  }

  /** Learns from the body of an answer. */
  learn(path: string, body: unknown): void {
    const kind = kindOf(path);
    const look = (value: unknown): void => {
      if (Array.isArray(value)) value.slice(0, MOST_ITEMS).forEach(look);
      else if (typeof value === "object" && value !== null) {
        for (const [key, each] of Object.entries(value)) {
          if (typeof each !== "string") look(each);
          else if (key === "id") this.add(kind, each);
          else if (key === "next") this.add(`cursor ${path}`, each);
          else if (!SECRET.has(key)) this.add(key, each);
        }
      }
    };
    look(body);
  }
}

/** What the last plain word of a path names: `/orgs/{org}` an `org`. */
export function kindOf(path: string): string {
  const words = path.split("/").filter((word) => !word.startsWith("{"));
  const kind = (words.at(-1) ?? "").replace(/s$/, "");
  return ALIASES[kind] ?? kind;
}

/** An operator's tokens are credentials like their passkeys; coverage is a decision's. */
const ALIASES: Readonly<Record<string, string>> = {
  token: "credential",
  coverage: "decision",
  "break-glas": "glass",
};

const SECRET = new Set(["token", "password", "secret"]);
const MOST = 100;
const MOST_ITEMS = 50;
const LONGEST = 512;
