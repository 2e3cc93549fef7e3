import { describe, expect, it } from "@jest/globals";
import * as v from "valibot";
import { parse } from "yaml";
import { ConfigShape, parseConfig } from "../../agent/config/config.js";
import { Settings } from "../../cloud/setup.js";
import { blockOf, textOf } from "./markdown.js";

const text = textOf("docs/configure.md");
const [ofHosts = "", ofClouds = ""] = text.split("\n## A cloud\n");

/** "guard.floor.ipv4" for whatever of a file has a name and no parts. */
function settingsOf(schema: unknown, path = ""): readonly string[] {
  const { entries, wrapped, pipe, options } = schema as {
    entries?: Record<string, unknown>;
    wrapped?: unknown;
    pipe?: readonly unknown[];
    options?: readonly unknown[];
  };
  if (entries !== undefined) {
    return Object.entries(entries).flatMap(([name, inner]) =>
      settingsOf(inner, path === "" ? name : `${path}.${name}`),
    );
  }
  // A choice may be made among a word and a section.
  const inner = pipe?.[0] ?? wrapped;
  if (inner !== undefined && inner !== schema) return settingsOf(inner, path);
  const sections = (options ?? [])
    .filter((each) => Object.hasOwn(Object(each) as object, "entries"))
    .flatMap((each) => settingsOf(each, path));
  return [path, ...sections];
}

/** What the list items of a text begin with, in backquotes. */
const explainedIn = (text: string): readonly string[] =>
  [...text.matchAll(/^- ((?:`[\w.]+`(?:, )?)+)/gm)].flatMap(([, names = ""]) =>
    names.split(", ").map((name) => name.replaceAll("`", "")),
  );

const sorted = (names: readonly string[]) => [...names].sort();

describe("docs/configure.md", () => {
  it("explains every setting of a host, and no other", () => {
    expect(sorted(explainedIn(ofHosts))).toEqual(
      sorted(settingsOf(ConfigShape)),
    );
  });

  it("explains every setting of a cloud, and no other", () => {
    expect(sorted(explainedIn(ofClouds))).toEqual(sorted(settingsOf(Settings)));
  });

  it("shows a host's defaults as they are", () => {
    const shown: unknown = parse(blockOf(ofHosts, "```yaml\n"));
    expect(parseConfig(shown, "docs/configure.md")).toEqual(
      parseConfig({}, "nothing"),
    );
  });

  it("shows all that has a default on a host", () => {
    const shown = namesOf(parse(blockOf(ofHosts, "```yaml\n")));
    const without = [
      "cloud.caFile",
      "cloud.proxy",
      "cloud.proxyCredentialsFile",
      "guard.sessions.after",
      "sensors.sshd.source",
      "sensors.sshd.source.file",
      "sensors.sshd.source.onlySshd",
      "sensors.sshd.ports",
      "metrics.socket",
      "metrics.listen",
      "policy.sensors.sshd.maxretry",
      "policy.sensors.sshd.findtime",
      "policy.sensors.sshd.bantime",
    ];
    expect(sorted([...shown, ...without])).toEqual(
      sorted(settingsOf(ConfigShape)),
    );
  });

  it("shows a cloud's defaults as they are, and all of them", () => {
    const founded = { version: 1, name: "example", listen: "127.0.0.1:8443" };
    const shown = JSON.parse(blockOf(ofClouds, "```json\n")) as object;
    const defaults = v.parse(Settings, founded);
    expect(v.parse(Settings, { ...founded, ...shown })).toEqual(defaults);
    expect({ ...founded, ...shown }).toEqual(defaults);
  });
});

/** "guard.floor.ipv4" for whatever has a value. */
const namesOf = (value: unknown, path = ""): readonly string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, inner]) =>
        namesOf(inner, path === "" ? name : `${path}.${name}`),
      )
    : [path];
