import { createConnection, type Socket } from "node:net";

export interface WireRequest {
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

export interface WireAnswer {
  readonly status: number;
  readonly contentType: string;
  /** As it comes; ends early, without an error, where the agent ends. */
  readonly body: AsyncIterable<string>;
  /** In bytes, where that is said. */
  readonly length: number | undefined;
}

/** What answers speaks no HTTP. */
export class NoHttp extends Error {
  override readonly name = "NoHttp";
}

/**
 * One question over a unix socket, as HTTP/1.0: the answer ends with the
 * connection. Node's own client would be half of the time that a command takes.
 * @throws NoHttp, and what the socket fails with
 */
export async function ask(
  socketPath: string,
  request: WireRequest,
  patienceMs: number,
): Promise<WireAnswer> {
  const socket = createConnection(socketPath);
  socket.setEncoding("utf8");
  socket.setTimeout(patienceMs, () =>
    socket.destroy(new Error("no answer in time")),
  );
  send(socket, request);
  const chunks = (socket as AsyncIterable<string>)[Symbol.asyncIterator]();
  let text = "";
  for (;;) {
    const end = text.indexOf(HEAD_END);
    if (end >= 0) {
      const begun = text.slice(end + HEAD_END.length);
      return { ...headOf(text.slice(0, end)), body: rest(begun, chunks) };
    }
    const next = await chunks.next();
    if (next.done === true || text.length > LONGEST_HEAD) {
      throw new NoHttp("no head");
    }
    text += next.value;
  }
}

/** In one piece: who answers before the end was read closes on what is left. */
function send(
  socket: Socket,
  { method = "GET", path, headers = {}, body = "" }: WireRequest,
): void {
  const all = { "content-length": Buffer.byteLength(body), ...headers };
  const head = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  socket.write(`${method} ${path} HTTP/1.0\r\n${head}\r\n${body}`);
}

function headOf(head: string): Omit<WireAnswer, "body"> {
  const [first = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new NoHttp("no status");
  const fields = new Map(
    lines.map((line) => {
      const [name = "", value = ""] = line.split(/:\s*(.*)/s, 2);
      return [name.toLowerCase(), value] as const;
    }),
  );
  const length = fields.get("content-length");
  return {
    status: Number(status),
    contentType: fields.get("content-type") ?? "",
    length: length === undefined ? undefined : Number(length),
  };
}

async function* rest(
  begun: string,
  chunks: AsyncIterator<string>,
): AsyncGenerator<string, void> {
  try {
    if (begun !== "") yield begun;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.(); // closes the connection
  }
}

const HEAD_END = "\r\n\r\n";
const LONGEST_HEAD = 16_384;
