import type { WebSocket } from "ws";
import {
  connectAtOperatorsDoor,
  isOperatorsDoorOpen,
} from "../door/operators-door.js";
import { BASE } from "../api/table/base.js";
import type { Where } from "./transport.js";

/** A stream that is open, or tried to be. */
export interface LiveLine {
  /** Why it ended, once it has. */
  readonly over: Promise<LiveEnd>;
  close(): void;
}

export interface LiveEnd {
  /** Of the WebSocket: 1006 where the connection was lost, or never made. */
  readonly code: number;
  /** The status that refused it; undefined: nothing did. */
  readonly status: number | undefined;
  /** What the network said. */
  readonly error: unknown;
}

/** Hears what a cloud tells from a position on; undefined: from now on. */
export async function openLive(
  where: Where,
  authorization: string,
  after: number | undefined,
  hear: (text: string) => void,
): Promise<LiveLine> {
  const socket = await dial(where, authorization, after);
  let status: number | undefined;
  let error: unknown;
  const silence = setTimeout(() => socket.terminate(), SILENT_MS);
  socket.on("message", (data: Buffer) => {
    silence.refresh();
    hear(data.toString());
  });
  socket.on("unexpected-response", (_, response) => {
    status = response.statusCode;
    socket.terminate();
  });
  socket.on("error", (cause) => (error = cause));
  const over = new Promise<LiveEnd>((resolve) => {
    socket.once("close", (code) => {
      clearTimeout(silence);
      resolve({ code, status, error });
    });
  });
  return { over, close: () => socket.terminate() };
}

async function dial(
  { dir, url, ca }: Where,
  authorization: string,
  after: number | undefined,
): Promise<WebSocket> {
  const query = after === undefined ? "" : `?after=${after}`;
  const path = `${BASE}/live${query}`;
  const options = { headers: { authorization }, perMessageDeflate: false };
  // Loaded only here: commands that listen to nothing start faster without it.
  const { WebSocket } = await import("ws");
  if (await isOperatorsDoorOpen(dir)) {
    const createConnection = () => connectAtOperatorsDoor(dir);
    return new WebSocket(`ws://localhost${path}`, {
      ...{ ...options, createConnection },
    });
  }
  const address = new URL(path, url.replace(/^http/, "ws"));
  return new WebSocket(address, {
    ...options,
    ...(ca !== undefined && { ca }),
  });
}

/** The cloud says something every 25 s, should it be that all is quiet. */
const SILENT_MS = 60_000;
