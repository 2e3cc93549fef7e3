import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import { Failure } from "../../agent/text/failure.js";
import { readConfig, readSettings } from "../../service/config-file.js";
import { effectiveOf } from "../../service/settings/effective.js";

describe("the configuration file", () => {
  it("is YAML", () => {
    using file = fileOf("log: { level: debug } # for a while\n");
    expect(readConfig(file.path).log.level).toBe("debug");
  });

  it.each([
    ["empty", ""],
    ["only a comment", "# nothing yet\n"],
    ["only a beginning", "---\n"],
  ])("may be %s", (_what, text) => {
    using file = fileOf(text);
    expect(readConfig(file.path).log.level).toBe("info");
  });

  it("may be absent where it is looked for, not where it was named", () => {
    expect(refusal("/nonexistent/config.yaml")).toMatch(
      /^cannot read the configuration: ENOENT/,
    );
  });

  test.each([
    ["tabs", "log:\n\tlevel: debug\n"],
    ["a key twice", "stateDir: /a\nstateDir: /b\n"],
    ["two documents", "stateDir: /a\n---\nstateDir: /b\n"],
    ["an alias", "guard: &all { allow: [] }\nlog: *all\n"],
    ["an open bracket", "guard: { allow: [ }\n"],
    ["a bomb", bomb()],
  ])("with %s is not taken", (_what, text) => {
    using file = fileOf(text);
    expect(refusal(file.path)).toContain(`${file.path} is not YAML: `);
  });

  it("with wrong content is told all of it, as asked for wrongly", () => {
    using file = fileOf("colour: red\nlog: { level: loud }\n");
    expect(refusal(file.path)).toMatch(/has 2 problems:\n.*log\.level/s);
  });

  it.each([
    ["__proto__: { guard: { allow: [] } }", "__proto__", 1],
    ["guard:\n  __proto__: { allow: [] }", "guard.__proto__", 2],
    ["log: {}\nconstructor: 1", "constructor", 2],
    ["log:\n  prototype: 1", "log.prototype", 2],
  ])("passes no name over in silence: %j", (text, name, line) => {
    using file = fileOf(text);
    expect(refusal(file.path)).toContain(
      `${name}: is no setting that is known (${file.path}:${line})`,
    );
  });

  it("that is a folder is not read", () => {
    expect(refusal(tmpdir())).toMatch(/EISDIR/);
  });
});

describe("a problem of the configuration", () => {
  it("has its file and line", () => {
    using file = fileOf(
      "log:\n  level: info\nguard:\n  allow:\n    - 192.0.2.0/24\n    - nobody\n",
    );
    expect(refusal(file.path)).toMatch(
      / {2}guard\.allow\.1: .*config\.yaml:6\)$/,
    );
  });

  test.each([
    ["guard:\n", "guard: ", 1],
    ["guard: { allow: [192.0.2.0/24] }\nlog:\n  lev", "log: ", 2],
    ["guard:\n  floor: { ipv4:", "guard.floor.ipv4: ", 2],
  ])("of a file that is half written is found: %j", (text, field, line) => {
    using file = fileOf(text);
    const told = refusal(file.path);
    const isSyntax = told.includes("is not YAML");
    expect(told).toContain(isSyntax ? `at line ${line}, ` : field);
    expect(told).toContain(isSyntax ? file.path : `${file.path}:${line})`);
  });

  test.each([
    ["gaurd: {}", "gaurd", "guard"],
    ["guard: { alow: [] }", "guard.alow", "guard.allow"],
    ["state_dir: /a", "state_dir", "stateDir"],
    ["allow: []", "allow", "guard.allow"],
    ["sensors: { sshd: { maxRetry: 3 } }", "Retry", "sensors.sshd.maxretry"],
    ["guard: { limits: { lief: 1d } }", "lief", "guard.limits.life"],
  ])("names what was meant by %s", (text, wrong, meant) => {
    using file = fileOf(text);
    expect(refusal(file.path)).toMatch(
      new RegExp(`${wrong}: is no setting .*; did you mean ${meant}\\?`),
    );
  });

  it("names nothing where nothing is near", () => {
    using file = fileOf("colour: red\n");
    expect(refusal(file.path)).toContain(
      "colour: is no setting that is known (",
    );
  });
});

describe("conf.d", () => {
  it("goes over the file, each over those before it by name", () => {
    using file = fileOf("log: { level: warn, format: json }\n", {
      "20-late.yaml":
        "log: { level: debug }\nguard: { allow: [2001:db8::/32] }",
      "10-early.yaml": "log: { level: error }\nguard: { floor: { ipv4: 16 } }",
      "nothing.yaml": "# yet",
      "30-other.yml": "colour: red",
      ".hidden.yaml": "colour: red",
    });
    const { config, files } = readSettings(file.path);
    expect(config.log).toEqual({ level: "debug", format: "json" });
    expect(config.guard).toMatchObject({ floor: { 4: 16 } });
    expect(config.guard.allow).toHaveLength(1);
    expect(files.map((each) => each.slice(file.folder.length))).toEqual([
      "/config.yaml",
      ...["/conf.d/10-early.yaml", "/conf.d/20-late.yaml"],
      "/conf.d/nothing.yaml",
    ]);
  });

  it("replaces lists, and files of logs, as a whole", () => {
    using file = fileOf(
      "guard: { allow: [192.0.2.0/24] }\nsensors: { sshd: { source: { file: /a, onlySshd: true } } }",
      {
        "a.yaml":
          "guard: { allow: [] }\nsensors: { sshd: { source: { file: /b } } }",
      },
    );
    const { guard, sensors } = readConfig(file.path);
    expect(guard.allow).toEqual([]);
    // What vouches for one file says nothing of another.
    expect(sensors.sshd.source).toEqual({ file: "/b", onlySshd: false });
  });

  it("is told of with the file that is wrong", () => {
    using file = fileOf("log: { level: info }", {
      "a.yaml": "log:\n  format: text\n  level: loud\n",
    });
    expect(refusal(file.path)).toContain(`${file.folder}/conf.d/a.yaml:3)`);
  });

  it("says which file gives each value", () => {
    using file = fileOf("log:\n  level: info\n  format: json\n", {
      "a.yaml": "\nlog: { level: debug }\n",
    });
    const of = (name: string) =>
      effectiveOf(readSettings(file.path)).find((each) => each.name === name);
    expect(of("log.level")).toEqual({
      ...{ name: "log.level", value: "debug" },
      from: { file: `${file.folder}/conf.d/a.yaml`, line: 2 },
    });
    expect(of("log.format")?.from).toEqual({ file: file.path, line: 3 });
    expect(of("guard.unapproved.ipv4")).toEqual({
      ...{ name: "guard.unapproved.ipv4", value: 16, from: undefined },
    });
  });

  test.each([0o666, 0o646])("that others may write (%o) is refused", (mode) => {
    using file = fileOf("", { "a.yaml": "log: { level: debug }" });
    chmodSync(join(file.folder, "conf.d/a.yaml"), mode);
    expect(refusal(file.path)).toContain(
      `${file.folder}/conf.d/a.yaml is not taken: others than its owner may write it`,
    );
  });

  it("that is a folder of everybody's is refused", () => {
    using file = fileOf("", { "a.yaml": "log: { level: debug }" });
    chmodSync(join(file.folder, "conf.d"), 0o777);
    expect(refusal(file.path)).toContain(`${file.folder}/conf.d is not taken`);
  });

  it("with what is no file is refused, without waiting for it", () => {
    using file = fileOf("", {});
    mkdirSync(join(file.folder, "conf.d/a.yaml"));
    expect(refusal(file.path)).toMatch(
      /conf\.d\/a\.yaml is not taken: it is no file/,
    );
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;

  asRoot("of another owner is refused by name; the main file's is not", () => {
    using file = fileOf("", { "a.yaml": "log: { level: debug }" });
    chownSync(join(file.folder, "conf.d/a.yaml"), 1234, 0);
    expect(refusal(file.path)).toContain(
      `${file.folder}/conf.d/a.yaml is not taken: it belongs to user 1234`,
    );
    chownSync(file.path, 1234, 0);
    expect(readConfig(file.path).log.level).toBe("debug");
  });

  it("may not be without end", () => {
    const many = Array.from({ length: 101 }, (_, i) => [`${i}.yaml`, ""]);
    using few = fileOf("", Object.fromEntries(many) as Record<string, string>);
    expect(refusal(few.path)).toContain("at most 100 are read");
    using long = fileOf("", { "a.yaml": "#".repeat(1024 * 1024 + 1) });
    expect(refusal(long.path)).toContain("more than 1048576 bytes");
  });
});

function refusal(path: string): string {
  try {
    readConfig(path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message;
  }
  throw new Error("it was taken");
}

/** "Billion laughs". */
function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`,
  );
  return ["l0: &l0 [lol]", ...lines].join("\n");
}

interface ConfigFile extends Disposable {
  readonly path: string;
  readonly folder: string;
}

/** A file, and others of `conf.d` beside it where some are given. */
function fileOf(
  text: string,
  more?: Readonly<Record<string, string>>,
): ConfigFile {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-config-"));
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  if (more !== undefined) mkdirSync(join(folder, "conf.d"));
  for (const [name, said] of Object.entries(more ?? {})) {
    writeFileSync(join(folder, "conf.d", name), said);
  }
  return {
    ...{ path, folder },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
