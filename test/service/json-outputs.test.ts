import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "@jest/globals";
import { makeProgram } from "../../service/cli/program.js";
import { pagesOf } from "../../service/cli/command-tree.js";
import { commandsSchema } from "../../scripts/commands-schema.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { tourniquet } from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { textOf } from "../documents/markdown.js";

interface Published {
  readonly properties: Readonly<Record<string, object>>;
  readonly $defs: object;
}

const written = JSON.parse(textOf("docs/commands.schema.json")) as Published;
const { properties, $defs } = written;

/** The same, where a field that is not described is one too many. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const isOpen = "required" in inner && !("additionalProperties" in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
const complaintsOf = (command: string, value: unknown): unknown => {
  const own = closed({ ...properties[command], $defs }) as object;
  const isGood = ajv.compile(own);
  return isGood(value) ? null : isGood.errors;
};

/** A host that has something of everything. */
async function fullHost() {
  const folder = new TestFolder();
  const control = await Control.start();
  const config = folder.file(
    "config.yaml",
    `controlSocket: ${control.path}\nenforce: { backend: dry-run }\nguard: { allow: [192.0.2.0/24] }\n`,
  );
  const feed = new FakeFeed();
  await control.host.carryOut(
    feed.append([
      ban("203.0.113.7"),
      ban("10.0.0.0/8"),
      ban("198.51.100.0/24"),
    ]),
  );
  return {
    run: (argv: readonly string[]) => tourniquet(["-c", config, ...argv]),
    [Symbol.asyncDispose]: async () => {
      await control[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** In this order, since some need what others did; most print at least a line. */
const RUNS: readonly (readonly [string, readonly string[]])[] = [
  ["status", ["status"]],
  ["status --check", ["status", "--check"]],
  ["why", ["why", "203.0.113.7"]],
  ["why", ["why", "198.51.100.0/23"]],
  ["bans", ["bans"]],
  ["bans", ["bans", "--held"]],
  ["doctor", ["doctor"]],
  ["ban", ["ban", "203.0.113.9", "--for", "1h"]],
  ["ban", ["ban", "203.0.113.9", "--for", "2h", "--replace"]],
  ["lift", ["lift", "203.0.113.9"]],
  ["allow", ["allow", "203.0.113.7"]],
  ["allow --list", ["allow", "--list"]],
  ["allow --undo", ["allow", "203.0.113.7", "--undo"]],
  ["release", ["release", "203.0.113.7"]],
  ["release --list", ["release", "--list"]],
  ["release --undo", ["release", "203.0.113.7", "--undo"]],
  ["history", ["history"]],
  ["history --orders", ["history", "--orders"]],
  ["rollback", ["rollback", "--dry-run"]],
  ["rollback", ["rollback"]],
  ["rollback --undo", ["rollback", "--undo"]],
  ["confirm", ["confirm"]],
  ["config show", ["config", "show"]],
  ["verify", ["verify"]],
  ["telemetry show", ["telemetry", "show"]],
];

/** They need packets, namespaces or a bundle: here their schemas are only written. */
const NOT_RUN = ["hits", "selftest", "apply"];

describe("docs/commands.schema.json", () => {
  it("is as dist/scripts/commands-document.js writes it", () => {
    expect(written).toEqual(JSON.parse(JSON.stringify(commandsSchema())));
  });

  it("has every command that takes --json", () => {
    const never = new AbortController().signal;
    const names = pagesOf(makeProgram(never, never))
      .filter(({ options }) => options.some(({ flags }) => flags === "--json"))
      .map(({ name }) => name);
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(names));
    const ran = RUNS.map(([command]) => command);
    expect(new Set([...ran, ...NOT_RUN])).toEqual(
      new Set(Object.keys(properties)),
    );
  });

  it("describes what the commands print, field by field", async () => {
    await using host = await fullHost();
    for (const [command, argv] of RUNS) {
      const { stdout, stderr } = await host.run([...argv, "--json"]);
      const lines = stdout.trimEnd().split("\n");
      expect({ command, lines: lines.filter(Boolean).length, stderr }).toEqual({
        ...{ command, lines: lines.length, stderr: expect.anything() },
      });
      for (const line of lines) {
        const complaints = complaintsOf(command, JSON.parse(line));
        expect({ command, complaints }).toEqual({ command, complaints: null });
      }
    }
  }, 240_000);

  it("would find a field that nobody described, or one that is not there", () => {
    expect(complaintsOf("lift", { range: "x", done: true })).not.toBeNull();
    const lifted = { range: "x", done: true, still: [], more: false };
    expect(complaintsOf("lift", lifted)).toBeNull();
    expect(complaintsOf("lift", { ...lifted, colour: 1 })).not.toBeNull();
  });
});
