import http from "node:http";
import type { Asked } from "./request.js";

export interface Answered {
  readonly status: number;
  /** Without its parameters; "" where there is none. */
  readonly media: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Where a cloud is asked: at its public door, or at the operators' own. */
export type Door =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string };

/** Sends what no well-behaved client would. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  /** @throws Error when there is no answer, or a connection ends early */
  async ask(asked: Omit<Asked, "kind">): Promise<Answered> {
    for (let attempt = 1; ; attempt++) {
      const sent = this.#request(asked);
      try {
        return await sent.answered;
      } catch (error) {
        // The cloud ended an idle connection as the request went out.
        if (!sent.reused() || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #request({ method, path, headers, body }: Omit<Asked, "kind">) {
    const length = Buffer.byteLength(body ?? "");
    const sent = http.request({
      ...{ ...this.#door, agent: this.#agent, method, path },
      headers: {
        ...headers,
        ...(body !== undefined && { "content-length": String(length) }),
      },
      timeout: PATIENCE_MS,
    });
    const answered = new Promise<Answered>((resolve, reject) => {
      const late = setTimeout(() => {
        sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      sent.once("close", () => clearTimeout(late));
      sent.once("error", reject);
      sent.once("upgrade", (response, socket) => {
        socket.destroy();
        resolve(told(response, ""));
      });
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          resolve(told(response, Buffer.concat(chunks).toString("utf8")));
        });
      });
      sent.end(body);
    });
    return { answered, reused: () => sent.reusedSocket };
  }
}

const told = (response: http.IncomingMessage, text: string): Answered => ({
  status: response.statusCode ?? 0,
  media: (response.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "",
  ...{ headers: response.headers, text },
});

const PATIENCE_MS = 20_000;
const MOST_ATTEMPTS = 3;
