import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, jest } from "@jest/globals";
import { sh } from "../../scripts/lab/namespace.js";
import { until } from "../../scripts/lab/run.js";
import { PATHS } from "../../service/selftest/flows/flows.js";
import type { Matrix } from "../../service/selftest/matrix.js";
import { inSandbox } from "../../service/selftest/stage/sandbox.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

// Who reads late, on a machine that is starved, says that packets came late.
jest.retryTimes(2);

describeInNamespace("tourniquet selftest", () => {
  it("shows that a ban closes six of six paths, and a lift opens them", async () => {
    const { code, stdout, stderr } = await selftest();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    for (const [i, path] of PATHS.entries()) {
      const row = /^(.*?) +works +closed, (\S+) ms +closed, (\S+) ms +works$/;
      const [, name, v4, v6] = row.exec(lines[i + 1] ?? "") ?? [];
      expect(name).toBe(path);
      expect(Number(v4)).toBeLessThanOrEqual(50);
      expect(Number(v6)).toBeLessThanOrEqual(50);
    }
    expect(lines.at(-1)).toBe("6/6 paths closed");
  });

  it("tells as one object what it saw", async () => {
    const { code, stdout } = await selftest(["--json"]);
    expect(code).toBe(0);
    const matrix = JSON.parse(stdout) as Matrix;
    expect(matrix).toMatchObject({ closed: 6, of: 6, limitMs: 50 });
    expect(matrix.lines.map(({ path }) => path)).toEqual([...PATHS]);
    for (const { cells } of matrix.lines) {
      expect(cells.map(({ family }) => family)).toEqual([4, 6]);
    }
    expect(matrix.sockets).toEqual([
      { family: 4, open: 4, established: 0 },
      { family: 6, open: 4, established: 0 },
    ]);
  });

  it("fails and names every path when nothing is enforced", async () => {
    const { code, stdout, stderr } = await selftest([], {
      config: { enforce: { backend: "dry-run" } },
    });
    expect(code).toBe(1);
    expect(stdout.trimEnd()).toMatch(/\n0\/6 paths closed$/);
    for (const path of PATHS) {
      expect(stderr).toContain(`${path} (IPv4) is open`);
      expect(stderr).toContain(`${path} (IPv6) is open`);
    }
  });

  it("closes the same six where egress is rejected", async () => {
    const { code, stdout } = await selftest([], {
      config: { enforce: { egress: "reject" } },
    });
    expect(stdout.trimEnd()).toMatch(/\n6\/6 paths closed$/);
    expect(code).toBe(0);
  });

  it.each([
    ["open for one family", "of IPv4", ["closed", "open"]],
    ["only observed", "observing", ["open", "open"]],
  ])(
    "calls no path closed that is %s",
    async (_, half, expected) => {
      const module = new URL(
        "../support/kernel/half-a-ban-main.js",
        import.meta.url,
      );
      const { signal } = new AbortController();
      const args = [half];
      const matrix = await inSandbox<Matrix>({ module, args }, signal);
      expect(matrix.closed).toBe(0);
      for (const { cells } of matrix.lines) {
        const outcomes = cells.map(({ outcome }) => outcome.is);
        expect(outcomes).toEqual(expected);
      }
    },
    60_000,
  );

  it("leaves no device, no table and no process behind", async () => {
    const before = await network();
    await selftest();
    expect(await network()).toBe(before);
    expect(parties()).toEqual([]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "leaves nothing behind when it is ended by %s",
    async (signal) => {
      const before = await network();
      const child = spawn(TOURNIQUET, ["selftest"], { stdio: "ignore" });
      const ended = once(child, "exit");
      await until("everybody is there", () =>
        Promise.resolve(parties().length === 3 ? true : undefined),
      );
      child.kill(signal);
      const [code] = (await ended) as [number | null];
      expect(code).toBe(signal === "SIGKILL" ? null : 1);
      await until("everybody is gone", () =>
        Promise.resolve(parties().length === 0 ? true : undefined),
      );
      expect(await network()).toBe(before);
    },
    60_000,
  );

  it.each([
    ["ip", "`ip` is not installed; it comes with iproute2"],
    ["unshare", "unshare, of util-linux: spawnSync unshare ENOENT"],
  ])("says so when %s is missing", async (missing, message) => {
    using tools = folder();
    const needed = ["sh", "readlink", "dirname", "node", "true", "sleep"];
    for (const tool of [...needed, "unshare", "nsenter", "ip"]) {
      const found = await sh(`type -P ${tool}`);
      if (tool !== missing) symlinkSync(found.trim(), join(tools.path, tool));
    }
    const { code, stderr } = await selftest([], { tools: tools.path });
    expect(stderr).toBe(`tourniquet: ${message}\n`);
    expect(code).toBe(1);
  });
});

interface Options {
  /** The configuration's contents. */
  readonly config?: object;
  /** The folder of all programs that it may find. */
  readonly tools?: string;
}

/** `tourniquet selftest` as a process, to its end. */
async function selftest(
  args: readonly string[] = [],
  { config = {}, tools }: Options = {},
) {
  using scratch = folder();
  const file = join(scratch.path, "config.yaml");
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML as well
  const child = spawn(TOURNIQUET, ["-c", file, "selftest", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: tools === undefined ? process.env : { PATH: tools },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** All that it must leave as it is. */
const network = (): Promise<string> =>
  sh("ip address; ip route; nft list ruleset");

/** Those of its processes that send and receive. */
function parties(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(PARTY);
    } catch {
      return false; // not a process, or one that has just ended
    }
  });
}

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "tourniquet-selftest-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

const PARTY = "selftest/stage/party-main.js";
const TOURNIQUET = new URL("../../../service/tourniquet", import.meta.url)
  .pathname;
