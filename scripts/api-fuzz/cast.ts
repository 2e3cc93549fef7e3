import { ROLES, type Role } from "../../cloud/operators/roles.js";
import type { Client } from "./client.js";
import { CONTESTED, SESSION, SIGNER, STAYER, type Signer } from "./signer.js";
import type { Pools } from "./pools.js";

/** Somebody who asks, with several credentials, as each has a budget of its own. */
export interface Member {
  readonly name: string;
  /** Null: nobody whom the cloud knows. */
  readonly role: Role | null;
  readonly org: string | null;
  /** Signed in by a browser, with a step-up that ends within the run. */
  readonly isSession?: boolean;
  /** Headers that show who it is; none: a stranger. */
  readonly shown: readonly Readonly<Record<string, string>>[];
}

/** Everybody who asks, and others, whom good requests may send away. */
export async function gather(
  socket: Client,
  token: string,
  pools: Pools,
): Promise<readonly Member[]> {
  const as = new First(socket, token, pools);
  await as.post("/orgs", { id: "globex", name: "Globex" });
  const { operator, credential } = await as.ask<Me>("GET", "/me");
  pools.spare(operator, credential);
  const cast: Member[] = [];
  for (const org of [null, "acme"]) {
    for (const role of ROLES) {
      const name = `${org ?? "vendor"} ${role}`;
      const { id, tokens } = await as.letIn({ name, role, org }, TOKENS);
      pools.spare(id, name, ...tokens.map((made) => made.id));
      const shown = tokens.map((made) => bearer(made.token));
      cast.push({ ...{ name, role, org }, shown });
    }
  }
  for (const org of [null, "acme", "globex"]) {
    for (let each = 1; each <= SPARE; each++) {
      const name = `spare ${org ?? "vendor"} ${each}`;
      const { id, tokens } = await as.letIn({ name, role: "viewer", org }, 1);
      pools.add("operator", id);
      pools.add("credential", tokens[0]!.id);
    }
  }
  await as.propose();
  await as.vouchFor(["acme", "globex"], await as.letIn(SECOND, 1));
  for (const session of await as.sessions()) cast.push(session);
  const strangers = { role: null, org: null } as const;
  return [
    ...cast,
    { ...strangers, name: "nobody", shown: [{}] },
    { ...strangers, name: "garbage", shown: GARBAGE },
  ];
}

/** The cloud's first admin, at the operators' own door. */
class First {
  readonly #socket: Client;
  readonly #token: string;

  readonly #pools: Pools;

  constructor(socket: Client, token: string, pools: Pools) {
    this.#pools = pools;
    this.#socket = socket;
    this.#token = token;
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.ask<T>("POST", path, body);
  }

  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, text } = await this.#socket.ask({
      ...{ method, path: `/api/v1${path}`, headers: bearer(this.#token) },
      body: body && JSON.stringify(body),
    });
    if (status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** So wide that somebody else has to release them, and one who does not wait. */
  async propose(): Promise<void> {
    for (let part = 0; part < PROPOSED; part++) {
      const order = { range: `46.${part * 16}.0.0/12`, for: "1h" };
      const { proposal } = await this.post<{ proposal: string }>("/bans", {
        ...{ ...order, reason: "fuzz" },
      });
      this.#pools.add("proposal", proposal);
    }
    await this.post("/bans", { ranges: CONTESTED, for: "1d", reason: "fuzz" });
    for (let part = 0; part < BROKEN; part++) {
      const order = { range: `47.${part * 16}.0.0/12`, for: "1h" };
      await this.post("/bans", { ...order, breakGlass: "fuzz" });
    }
  }

  /** What somebody else has released, so that it can be withdrawn. */
  async vouchFor(
    orgs: readonly string[],
    { id, tokens }: { readonly id: string; readonly tokens: readonly Made[] },
  ): Promise<void> {
    const other = new First(this.#socket, tokens[0]!.token, this.#pools);
    this.#pools.spare(id, SECOND.name, tokens[0]!.id);
    for (const org of orgs) {
      const order = { why: "fuzz", for: "30d" };
      const { proposal } = await this.post<{ proposal: string }>(
        ...([`/orgs/${org}/vouch`, order] as const),
      );
      await other.post(`/proposals/${proposal}/release`, {});
    }
  }

  /**
   * Of one who stays, and of one who leaves when asked to: the run signs in as
   * the second, and of one person the oldest sessions give way to new ones.
   */
  async sessions(): Promise<readonly Member[]> {
    const member = { role: "admin", org: null, isSession: true } as const;
    return [
      { ...member, name: "session", shown: await this.#signedIn(STAYER, 1) },
      { ...member, name: LEAVING, shown: await this.#signedIn(SIGNER, 6) },
    ];
  }

  async #signedIn(signer: Signer, sessions: number) {
    const { name, password } = signer;
    const { id } = await this.letIn({ name, role: "admin", org: null }, 0);
    this.#pools.spare(id, name);
    const way = `/operators/${id}/password`;
    const set = await this.post<{ credential: string }>(way, { password });
    this.#pools.spare(set.credential);
    const shown: Record<string, string>[] = [];
    while (shown.length < sessions) {
      const { headers, status, text } = await this.#socket.ask({
        ...{ method: "POST", path: SESSION },
        headers: { "content-type": "application/json" },
        body: JSON.stringify(signer),
      });
      const [cookie = ""] = headers["set-cookie"] ?? [];
      if (status !== 200) throw new Error(`signing in: ${status} ${text}`);
      const [pair = ""] = cookie.split(";");
      shown.push({ cookie: pair, "sec-fetch-site": "same-origin" });
    }
    return shown;
  }

  async letIn(
    joining: { name: string; role: Role; org: string | null },
    tokens: number,
  ) {
    const bounds = BOUNDS[joining.role] ?? {};
    const { id } = await this.post<Made>("/operators", {
      ...{ ...joining, ...bounds },
    });
    const made: Made[] = [];
    while (made.length < tokens) {
      made.push(await this.post<Made>(`/operators/${id}/tokens`, {}));
    }
    return { id, tokens: made };
  }
}

/** Releases what the first orders. */
const SECOND = { name: "second", role: "admin", org: null } as const;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a role needs beside its name. */
const BOUNDS: Readonly<Partial<Record<Role, object>>> = {
  actuator: {
    limits: { perMinute: 600, widestV4: 24, widestV6: 64, longestS: 86_400 },
  },
  partner: { collection: "reputation" },
};

const GARBAGE = [
  ...[bearer("x"), bearer("a".repeat(43)), bearer("a".repeat(2_000))],
  ...[{ authorization: "Basic YTpi" }, { authorization: "" }],
  ...[{ authorization: "Bearer \u00e9" }, { cookie: "tourniquet=abc" }],
];

interface Me {
  readonly operator: string;
  readonly credential: string;
}

interface Made {
  readonly id: string;
  readonly token: string;
}

/** Those of its sessions are ended, one by one. */
export const LEAVING = "leaving";

const PROPOSED = 16;
const BROKEN = 12;
const TOKENS = 8;
const SPARE = 12;
