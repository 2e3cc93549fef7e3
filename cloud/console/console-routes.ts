import { Hono } from "hono";
import type { ConsoleFile, ConsoleFiles } from "./console-files.js";

/** Where the page begins. */
export const CONSOLE = "/console/";

/**
 * Serves the page. Every address below it that is no file is a view, which the
 * page itself finds.
 */
export function consoleRoutes(files: ConsoleFiles): Hono {
  const app = new Hono();
  const index = files.get("index.html");
  app.get("/", (c) => c.redirect(CONSOLE, 302));
  app.get("/console", (c) => c.redirect(CONSOLE, 302));
  app.get(`${CONSOLE}*`, (c) => {
    const path = c.req.path.slice(CONSOLE.length);
    const isFile = path.startsWith("assets/") || files.has(path);
    const file = isFile ? files.get(path) : index;
    if (file !== undefined) return answered(file, (name) => c.req.header(name));
    const missing = index === undefined ? NOT_BUILT : "there is no such file\n";
    return c.text(missing, 404, HEADERS);
  });
  return app;
}

const NOT_BUILT =
  "The console was not built: run scripts/prepare, or npm run build:console\n";

function answered(
  file: ConsoleFile,
  header: (name: string) => string | undefined,
): Response {
  const { type, bytes, gzipped, etag, isForEver } = file;
  const headers = {
    ...HEADERS,
    ...{ etag, "content-type": type, vary: "accept-encoding" },
    "cache-control": isForEver
      ? "public, max-age=31536000, immutable"
      : "no-cache",
  };
  if (header("if-none-match") === etag) {
    return new Response(null, { status: 304, headers });
  }
  if (!/\bgzip\b/.test(header("accept-encoding") ?? "")) {
    return new Response(bytes, { headers });
  }
  return new Response(gzipped, {
    headers: { ...headers, "content-encoding": "gzip" },
  });
}

/**
 * Nothing but what this cloud serves itself, and no text ever becomes script:
 * hosts write much of what the page shows.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

const HEADERS = {
  "content-security-policy": POLICY.join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
};
