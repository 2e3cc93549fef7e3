import { resolve } from "node:path";
import type { Command } from "commander";
import { Failure, exitCodes, failed } from "../../agent/text/failure.js";
import { BASE } from "../api/table/base.js";
import { readOperatorToken, readSettings, type Settings } from "../setup.js";
import { mustBeSafe, readConnection, type Connection } from "./connection.js";
import { readFile } from "./drafts.js";
import { openLive, type LiveLine } from "./live-socket.js";
import { ask, type Asked, type Where } from "./transport.js";
import { unreachable } from "./trusted-fetch.js";
import { problemOf } from "./wrong-words.js";

/** The cloud understood a request and did not carry it out. */
export class CloudRefused extends Failure {
  constructor(
    message: string,
    readonly status: number,
    /** All that it said of it. */
    readonly body: unknown,
  ) {
    super(message, status < 500 ? exitCodes.usage : exitCodes.failed);
  }
}

/** An operator's side of the cloud's REST interface. */
export class Client {
  readonly #where: Where;
  readonly #token: string;

  private constructor(where: Where, token: string) {
    this.#where = where;
    this.#token = token;
  }

  /** Where the cloud is, and as whom to speak: as its folder says. */
  static of(dir: string, caFile?: string): Client {
    const connection = readConnection(dir);
    const settings = connection ?? readSettings(dir);
    const ca = caOf(dir, settings, caFile);
    return Client.at({ dir, url: urlOf(settings), ca }, readOperatorToken(dir));
  }

  /** @throws Failure where others would hear the token */
  static at(where: Where, token: string): Client {
    mustBeSafe(where.url);
    return new Client(where, token);
  }

  /** One answer of the API; who asks knows its shape. */
  async ask<T>(
    method: Asked["method"],
    path: string,
    body?: unknown,
  ): Promise<T> {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.#ask({ path: BASE + path, method, ...text });
  }

  /** As `ask`, of what is given piece by piece. */
  async send<T>(path: string, body: AsyncIterable<Buffer>): Promise<T> {
    return this.#ask({ path: BASE + path, method: "POST", body });
  }

  /** Of what is carried by hand; its commands know the shapes. */
  async post<T>(path: string, body: unknown): Promise<T> {
    return this.#ask({ path, method: "POST", body: JSON.stringify(body) });
  }

  /** As `post`, for what comes piece by piece. */
  async stream(path: string, order: unknown): Promise<Response> {
    const body = JSON.stringify(order);
    return this.#answered({ path: BASE + path, method: "POST", body });
  }

  /** What is answered piece by piece. */
  async read(path: string): Promise<Response> {
    return this.#answered({ path: BASE + path, method: "GET" });
  }

  /** Hears what is decided as it happens, behind a position or from now on. */
  async live(
    after: number | undefined,
    hear: (text: string) => void,
  ): Promise<LiveLine> {
    return openLive(this.#where, `Bearer ${this.#token}`, after, hear);
  }

  async #ask<T>(asked: Omit<Asked, "authorization">): Promise<T> {
    return (await (await this.#answered(asked)).json()) as T;
  }

  /** @throws CloudRefused */
  async #answered(asked: Omit<Asked, "authorization">): Promise<Response> {
    const authorization = `Bearer ${this.#token}`;
    const response = await ask(this.#where, { ...asked, authorization }).catch(
      (cause: unknown) => {
        throw failed(unreachable(this.#where.url, cause), cause);
      },
    );
    if (response.ok) return response;
    const body: unknown = await response.json().catch(() => undefined);
    const message = problemOf(response, body);
    throw new CloudRefused(message, response.status, body);
  }
}

/** The client that a command is to use. */
export function clientOf(command: Command): Client {
  type Globals = { dir: string; ca?: string };
  const { dir, ca } = command.optsWithGlobals<Globals>();
  return Client.of(dir, ca);
}

const urlOf = (said: Connection | Settings): string =>
  "url" in said ? said.url : (said.publicUrl ?? `http://${said.listen}`);

function caOf(
  dir: string,
  { caFile }: Pick<Settings, "caFile">,
  named: string | undefined,
): string | undefined {
  if (named !== undefined) return readFile("--ca", named);
  return caFile && readFile("caFile", resolve(dir, caFile));
}
