import { spawn } from "node:child_process";
import {
  createSocket,
  type Socket as Datagrams,
  type SocketType,
} from "node:dgram";
import { once } from "node:events";
import { readFile, readdir, readlink } from "node:fs/promises";
import type { Socket } from "node:net";
import { formatAddress } from "../../../agent/model/cidr.js";
import type { IsDropped } from "../../../agent/sessions/search.js";
import type { DoomedSocket } from "../../../agent/sessions/sockets.js";
import type { Namespace } from "../../../scripts/lab/namespace.js";

export const everybody: IsDropped = (addresses) =>
  Promise.resolve(addresses.map(() => true));
export const nothing: IsDropped = (addresses) =>
  Promise.resolve(addresses.map(() => false));

/** Somebody in a namespace who opens a TCP session and says nothing. */
export function caller(
  namespace: Namespace,
  { from, to, port }: { from: string; to: string; port: number },
): Disposable {
  const source = `
    const options = { host: "${to}", port: ${port}, localAddress: "${from}" };
    require("node:net").connect(options).on("error", () => undefined);
    setTimeout(() => undefined, 60_000);`;
  const child = spawn("nsenter", [
    ...["--target", String(namespace.pid), "--net"],
    ...[process.execPath, "-e", source],
  ]);
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** A UDP socket that speaks with one address alone. */
export async function connected(
  type: SocketType,
  address: string,
  port: number,
): Promise<Datagrams> {
  const socket = createSocket(type);
  await new Promise<void>((done) => socket.connect(port, address, done));
  return socket;
}

/** The code of the error that a session ends with. */
export async function endOf(socket: Socket): Promise<string | undefined> {
  socket.resume();
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error.code;
}

/** Whether the session still takes what is written. */
export async function isOpen(socket: Socket): Promise<boolean> {
  const failed = new Promise<boolean>((resolve) =>
    socket.once("error", () => resolve(false)),
  );
  const written = new Promise<boolean>((resolve) =>
    socket.write("still there?", (error) => resolve(!error)),
  );
  return Promise.race([failed, written]);
}

/** How many TCP connections of a family the kernel tracks. */
export async function tracked(family: 4 | 6): Promise<number> {
  const entries = await readFile("/proc/net/nf_conntrack", "utf8");
  return entries
    .split("\n")
    .filter((line) => line.startsWith(`ipv${family}`) && line.includes(" tcp "))
    .length;
}

/** The inodes of the sockets that this process has. */
export async function ownInodes(): Promise<number[]> {
  const own = await readdir("/proc/self/fd");
  const links = await Promise.all(
    own.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.flatMap((link) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    return inode === undefined ? [] : [Number(inode)];
  });
}

/** "tcp us 10.9.0.1:40000 10.9.0.2:80" */
export function asText({
  protocol,
  openedBy,
  local,
  remote,
}: DoomedSocket): string {
  const ends = [local, remote].map(
    ({ address, port }) => `${formatAddress(address)}:${port}`,
  );
  return [protocol, openedBy, ...ends].join(" ");
}
