import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, it, jest } from "@jest/globals";
import { CliCloud } from "../cli-cloud.js";

jest.setTimeout(60_000);

describe("tourniquet-cloud import", () => {
  it("tells all that is wrong with a list that it refuses", async () => {
    await using stage = await openStage();
    const { run, file } = stage;
    const page = await run(
      "import",
      file(
        "drop.txt",
        "<!DOCTYPE html>\n<p>Your IP:</p>\n198.18.200.1\n</html>\n",
      ),
    );
    expect(page).toEqual({
      ...{ code: 1, out: "" },
      err: [
        'line 1: "<!DOCTYPE html>" is markup, not an address',
        'line 2: "<p>Your IP:</p>" is markup, not an address',
        'line 4: "</html>" is markup, not an address',
        "tourniquet-cloud: this is no list to ban: line 1 looks like HTML or XML, such as an error page (4 lines read as a plain list: 1 taken, 3 rejected); --force takes what can be taken",
        "",
      ].join("\n"),
    });
    const packed = await run(
      "import",
      file("drop.gz", gzipSync("192.0.2.1\n")),
    );
    expect(packed.code).toBe(2);
    expect(packed.err).toContain("packed by gzip; unpack it first");
    expect((await run("decisions", "--json")).out).toBe("");
  });

  it("takes a list in part, says so, and takes more when forced", async () => {
    await using stage = await openStage();
    const { run, file } = stage;
    const part = file("part.txt", "192.0.2.1\n192.0.2.2\nads.example.com\n");
    const taken = await run("import", part);
    expect(taken.code).toBe(3);
    expect(taken.out).toMatch(/^banned 2 ranges \(dec-/);
    expect(taken.err).toBe(
      'line 3: "ads.example.com" is a host name, not an address\ntourniquet-cloud: taken in part: 1 of 3 lines were rejected\n',
    );
    const names = file("names.txt", "a.example\nb.example\n192.0.2.3\n");
    expect(await run("import", names)).toMatchObject({ code: 1 });
    const forced = await run("import", names, "--force");
    expect(forced).toMatchObject({ code: 3 });
    expect(forced.out).toMatch(/^banned 1 range /);
  });

  it("sends a long list in many pieces, and says nothing of that", async () => {
    await using stage = await openStage();
    const { run, file } = stage;
    const names = Array.from({ length: 120_000 }, (_, n) => `# comment ${n}\n`);
    const long = file("long.txt", `${names.join("")}192.0.2.1\n`);
    const { code, err } = await run("import", long, "--dry-run");
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("reads standard input, tries, replaces, and takes a column", async () => {
    await using stage = await openStage();
    const { run, file, dir } = stage;
    const first = await piped("192.0.2.1\n192.0.2.2\n", [
      ...["import", "-", "--name", "nightly", "--dir", dir],
    ]);
    expect(first).toMatchObject({ code: 0, err: "" });
    const table = file("t.csv", "when,src\ntoday,192.0.2.2\n");
    const how = [table, "--name", "nightly", "--column", "src", "--replace"];
    const tried = await run("import", ...how, "--dry-run");
    expect(tried).toMatchObject({ code: 0, err: "" });
    expect(tried.out).toBe(
      "would ban 0 of 1 range in reputation; nothing was done\n1 unchanged\nwould lift 1 of 2 ranges that the list brought before\nread as CSV: 0 masked, 0 duplicates, 0 lines rejected\n",
    );
    const replaced = await run("import", ...how);
    expect(replaced.code).toBe(0);
    expect(replaced.out).toContain(
      "lifted 1 of 2 ranges that the list brought before\n",
    );
    const unnamed = await piped("192.0.2.1\n", [
      ...["import", "-", "--replace", "--dir", dir],
    ]);
    expect(unnamed).toMatchObject({ code: 2 });
    expect(unnamed.err).toContain("--replace needs --name");
  });

  it("names what is wide", async () => {
    await using stage = await openStage();
    const list = stage.file("wide.txt", "16.0.0.0/12\n192.0.2.0/24\n");
    const alone = ["--for", "24h", "--break-glass", "nobody else is here"];
    const { err } = await stage.run("import", list, ...alone);
    expect(err).toContain(
      "16.0.0.0/12: hosts with default settings hold this ban: needs-approval",
    );
  });
});

async function openStage() {
  const cloud = await CliCloud.start();
  return {
    dir: cloud.dir,
    run: cloud.run,
    file: (name: string, content: string | Buffer) => {
      const path = cloud.path(name);
      writeFileSync(path, content);
      return path;
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

/** Runs a command with something to read. */
async function piped(input: string, args: readonly string[]) {
  const main = resolve("dist/cloud/main.js");
  const child = spawn(process.execPath, [main, ...args]);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number]>,
  ]);
  return { code, out, err };
}
