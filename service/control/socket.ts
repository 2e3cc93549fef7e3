import { lstatSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { createConnection } from "node:net";
import { failed } from "../../agent/text/failure.js";

/** A socket that nobody answers at is left over from a crash. */
export async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw failed(`${path} is in the way: it is no socket`);
  if (await isAnswered(path)) throw failed(`another agent answers at ${path}`);
  rmSync(path, { force: true });
}

/** Only a refusal means that nobody is there: a busy agent answers later. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
    );
  });
}

/**
 * The socket is made within `listen` itself, so that it is nobody else's from
 * the start. A later error is a connection that could not be accepted: who
 * asked hears nothing, and asks again.
 */
export function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on("error", (error) =>
      reject(failed(`cannot listen at ${path}: ${error.message}`, error)),
    );
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
}
