import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { readConsole } from "../../../cloud/console/console-files.js";
import { consoleRoutes } from "../../../cloud/console/console-routes.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";

const PAGE = "<!doctype html><title>a page</title>";
const SCRIPT = "globalThis.answer = 42;";

async function openPage() {
  const folder = temporaryFolder();
  await mkdir(join(folder.path, "assets"));
  await writeFile(join(folder.path, "index.html"), PAGE);
  await writeFile(join(folder.path, "assets/main-1a2b.js"), SCRIPT);
  await writeFile(join(folder.path, "notes.txt"), "nobody's business");
  const app = consoleRoutes(await readConsole(folder.path));
  return { app, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("every address below /console/ that is no file is the page, under a strict policy", async () => {
  using page = await openPage();
  for (const path of ["/console/", "/console/decisions/dec-1", "/console/x"]) {
    const response = await page.app.request(path);
    expect(await response.text()).toBe(PAGE);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("cache-control")).toBe("no-cache");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy).not.toMatch(/unsafe|data:|blob:|\*/);
  }
});

test("whoever comes to the cloud is led to the page", async () => {
  using page = await openPage();
  for (const path of ["/", "/console"]) {
    const response = await page.app.request(path);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("/console/");
  }
});

test("files whose names say what is in them are kept for ever, and go out packed", async () => {
  using page = await openPage();
  const path = "/console/assets/main-1a2b.js";
  const plain = await page.app.request(path);
  expect(await plain.text()).toBe(SCRIPT);
  expect(plain.headers.get("cache-control")).toMatch(/immutable/);
  const packed = await page.app.request(path, {
    headers: { "accept-encoding": "br, gzip" },
  });
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  const bytes = Buffer.from(await packed.arrayBuffer());
  expect(gunzipSync(bytes).toString()).toBe(SCRIPT);
  const etag = plain.headers.get("etag") ?? "";
  const again = await page.app.request(path, {
    headers: { "if-none-match": etag },
  });
  expect(again.status).toBe(304);
});

test("a script that is not there is not answered with the page", async () => {
  using page = await openPage();
  const missing = await page.app.request("/console/assets/main-0000.js");
  expect(missing.status).toBe(404);
});

test("without a built page the cloud says what to do", async () => {
  using folder = temporaryFolder();
  const app = consoleRoutes(await readConsole(join(folder.path, "none")));
  const response = await app.request("/console/");
  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/npm run build:console/);
});
