import type { Readable } from "node:stream";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { ImportAnswer } from "../api/import-route.js";
import type { PublishedApproval } from "../approvals/approvals.js";
import type { DecisionEntry, RateAlarmEntry } from "../decide/decision-log.js";
import type { Decision } from "../decide/decisions.js";
import type { Proposal } from "../decide/proposals.js";
import type { RuleStatus } from "../decide/rate-alarm.js";
import type { ImpactReport } from "../impact/report.js";
import type { DivergenceEntry, ReceiptEntry } from "../receipts/receipts.js";
import type { CloneEntry } from "../registry/boot-tables.js";
import type { Agent, Org } from "../registry/registry.js";
import type { CloudStatus } from "../status.js";
import { isSafeInTheClear, readOperatorToken, readSettings } from "../setup.js";
import type {
  ContactEntry,
  HostReport,
  Sighting,
  SightingTotal,
} from "../telemetry/telemetry.js";
import { CommandFailed } from "./io.js";
import { ask, type Asked } from "./transport.js";

/** An agent as operators see it. */
export interface AgentEntry extends Agent {
  readonly connected: boolean;
  /** Pairs of live processes with its key that nobody has seen to. */
  readonly cloned: number;
  /** Since when its telemetry waits for its budget; null: it does not. */
  readonly telemetryOverSince: number | null;
  /** Null for a host that has not said anything yet. */
  readonly report: HostReport | null;
}

/** How many of the bans hosts will hold for want of an approval. */
export interface Unapproved {
  readonly unapproved: number;
  /** The first of them, where they are named. */
  readonly wide?: readonly string[];
}

/** How the rules' rate stands, and when it was reached. */
export interface RulesReport extends RuleStatus {
  readonly alarms: readonly RateAlarmEntry[];
}

/** What became of a list; nothing yet in a dry run. */
export type Imported = ImportAnswer &
  ((Decision & { readonly dryRun: false }) | { readonly dryRun: true });

/** The cloud understood a request and did not carry it out. */
export class CloudRefused extends CommandFailed {
  constructor(
    message: string,
    status: number,
    /** All that it said of it. */
    readonly body: unknown,
  ) {
    super(message, status < 500 ? 2 : 1);
  }
}

/** An operator's side of the cloud's REST interface. */
export class Client {
  readonly #dir: string;
  readonly #url: string;
  readonly #token: string;

  private constructor(dir: string, url: string, token: string) {
    this.#dir = dir;
    this.#url = url;
    this.#token = token;
  }

  /** Where the cloud is, and as whom to speak: as its folder says. */
  static of(dir: string): Client {
    const { listen, publicUrl } = readSettings(dir);
    const url = publicUrl ?? `http://${listen}`;
    if (!url.startsWith("https:") && !isSafeInTheClear(url)) {
      const why = "the operator's token does not cross a network in the clear";
      throw new CommandFailed(
        `${url} is neither https nor loopback: ${why}`,
        2,
      );
    }
    return new Client(dir, url, readOperatorToken(dir));
  }

  async status(): Promise<CloudStatus> {
    return this.#get("/v1/status");
  }

  async orgs(): Promise<readonly Org[]> {
    return (await this.#get<{ orgs: Org[] }>("/v1/orgs")).orgs;
  }

  async addOrg(name: string): Promise<Org> {
    return this.#post("/v1/orgs", { name });
  }

  async makeToken(org: string, expiresIn: string): Promise<{ token: string }> {
    return this.#post("/v1/tokens", { org, expiresIn });
  }

  async agents(): Promise<readonly AgentEntry[]> {
    return (await this.#get<{ agents: AgentEntry[] }>("/v1/agents")).agents;
  }

  async sightings(query: Readonly<Record<string, string>>): Promise<{
    readonly sightings: readonly Sighting[];
    readonly totals: readonly SightingTotal[];
  }> {
    const text = new URLSearchParams(query).toString();
    return this.#get(`/v1/sightings?${text}`);
  }

  /** Newest first. */
  async contacts(
    query: Readonly<Record<string, string>>,
  ): Promise<readonly ContactEntry[]> {
    const text = new URLSearchParams(query).toString();
    type Answer = { contacts: ContactEntry[] };
    return (await this.#get<Answer>(`/v1/contacts?${text}`)).contacts;
  }

  /** Newest first. */
  async decisions(
    query: Readonly<Record<string, string>>,
  ): Promise<readonly DecisionEntry[]> {
    const text = new URLSearchParams(query).toString();
    type Answer = { decisions: DecisionEntry[] };
    return (await this.#get<Answer>(`/v1/decisions?${text}`)).decisions;
  }

  /** Newest first. */
  async proposals(
    query: Readonly<Record<string, string>>,
  ): Promise<readonly Proposal[]> {
    const text = new URLSearchParams(query).toString();
    type Answer = { proposals: Proposal[] };
    return (await this.#get<Answer>(`/v1/proposals?${text}`)).proposals;
  }

  async release(
    proposal: string,
    order: { readonly for: string; readonly reason: string },
  ): Promise<Decision> {
    const path = `/v1/proposals/${encodeURIComponent(proposal)}/release`;
    return this.#post(path, order);
  }

  async refuse(proposal: string, reason: string): Promise<void> {
    const path = `/v1/proposals/${encodeURIComponent(proposal)}/refuse`;
    await this.#post(path, { reason });
  }

  /** How the rules' rate stands. */
  async rules(): Promise<RulesReport> {
    return this.#get("/v1/rules");
  }

  async ban(order: {
    readonly ranges: readonly string[];
    readonly feed: string;
    readonly for: string;
    readonly reason: string;
    readonly observe: boolean;
  }): Promise<Decision & Unapproved> {
    return this.#post("/v1/bans", order);
  }

  async lift(order: {
    readonly ranges: readonly string[];
    readonly feed: string;
  }): Promise<Decision> {
    return this.#post("/v1/lifts", order);
  }

  async impact(order: {
    readonly ranges: readonly string[];
    readonly feed: string;
  }): Promise<ImpactReport> {
    return this.#post("/v1/impact", order);
  }

  async import(
    list: Readable,
    terms: Readonly<Record<string, string>>,
  ): Promise<Imported> {
    const query = new URLSearchParams(terms);
    const where = `/v1/imports?${query.toString()}`;
    const body = list as AsyncIterable<Buffer>;
    return this.#ask({ path: where, method: "POST", body });
  }

  async receipts(
    query: Readonly<Record<string, string>>,
  ): Promise<readonly ReceiptEntry[]> {
    const text = new URLSearchParams(query).toString();
    type Answer = { receipts: ReceiptEntry[] };
    return (await this.#get<Answer>(`/v1/receipts?${text}`)).receipts;
  }

  async divergences(): Promise<readonly DivergenceEntry[]> {
    type Answer = { divergences: DivergenceEntry[] };
    return (await this.#get<Answer>("/v1/divergences")).divergences;
  }

  async revoke(agent: string, reason: string): Promise<void> {
    const order = reason === "" ? {} : { reason };
    await this.#post(`/v1/agents/${encodeURIComponent(agent)}/revoke`, order);
  }

  /** Newest first. */
  async clones(): Promise<readonly CloneEntry[]> {
    return (await this.#get<{ clones: CloneEntry[] }>("/v1/clones")).clones;
  }

  async clearClones(agent: string): Promise<void> {
    const path = `/v1/agents/${encodeURIComponent(agent)}/clear-clones`;
    await this.#post(path, {});
  }

  async approvals(): Promise<readonly PublishedApproval[]> {
    type Answer = { approvals: PublishedApproval[] };
    return (await this.#get<Answer>("/v1/approvals")).approvals;
  }

  async publishApproval(
    text: SignedText,
  ): Promise<{ readonly feed: string; readonly version: number }> {
    return this.#post("/v1/approvals", text);
  }

  async publishRoot(root: SignedText): Promise<{ version: number }> {
    return this.#post("/v1/roots", root);
  }

  async #get<T>(path: string): Promise<T> {
    return this.#ask({ path, method: "GET" });
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    return this.#ask({ path, method: "POST", body: JSON.stringify(body) });
  }

  async #ask<T>(asked: Omit<Asked, "authorization">): Promise<T> {
    const authorization = `Bearer ${this.#token}`;
    const where = { dir: this.#dir, url: this.#url };
    const response = await ask(where, { ...asked, authorization }).catch(
      (cause: unknown) => {
        const why = reasonOf(cause);
        const message = `the cloud at ${this.#url} is not reachable${why}`;
        throw new CommandFailed(message, 1, { cause });
      },
    );
    if (response.ok) return (await response.json()) as T;
    const body: unknown = await response.json().catch(() => undefined);
    const message = problemOf(response, body);
    throw new CloudRefused(message, response.status, body);
  }
}

/** What the cloud says is wrong, or that it was not the cloud who answered. */
function problemOf(response: Response, body: unknown): string {
  const said =
    typeof body === "object" && body !== null && "message" in body
      ? body.message
      : undefined;
  if (typeof said === "string") return said;
  const who = response.url === "" ? "what listens there" : response.url;
  return `${who} answered ${response.status}, and not as a cloud does`;
}

/** What Node knows beyond "fetch failed", such as " (ECONNREFUSED)". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error) || !("code" in cause)) return "";
  return ` (${String(cause.code)})`;
}
