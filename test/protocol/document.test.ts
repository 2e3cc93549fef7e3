import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import {
  closeCodes,
  mayComeBackSoon,
} from "../../agent/protocol/close-codes.js";
import {
  Approval,
  Head,
  Hello,
  Receipt,
} from "../../agent/protocol/documents.js";
import {
  HelloV2,
  ReceiptV2,
  State,
} from "../../agent/protocol/documents-v2.js";
import {
  AgentMessageV2,
  CloudMessageV2,
  SUBPROTOCOL_V2,
} from "../../agent/protocol/messages-v2.js";
import {
  EnrolmentAnswer,
  EnrolmentRequest,
  EnrolmentToken,
} from "../../agent/protocol/enrolment.js";
import { limits } from "../../agent/protocol/limits.js";
import { Allowance, Policy } from "../../agent/protocol/policy.js";
import {
  AgentMessage,
  CloudMessage,
  SUBPROTOCOL,
} from "../../agent/protocol/messages.js";
import { RootV1, RootV2 } from "../../agent/protocol/root-document.js";
import { mayResume, refusalCodes } from "../../agent/protocol/refusals.js";
import { SegmentHeader, openSegment } from "../../agent/protocol/segment.js";
import { SnapshotHeader } from "../../agent/protocol/snapshot.js";
import { Statement } from "../../agent/protocol/statement.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { goldenFolder, packageRoot, unhex } from "../support/vectors.js";
import type { Vector } from "./vectors/vector.js";

const text = readFileSync(join(packageRoot, "PROTOCOL.md"), "utf8");

/** Rows of the tables in a text, each cell trimmed. */
const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").map((cell) => cell.trim()));

const golden = (name: string) =>
  JSON.parse(readFileSync(join(goldenFolder, name), "utf8")) as Vector;

/** What stands under a heading, up to the next of its depth or above. */
function section(heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`PROTOCOL.md has no heading "${heading}"`);
  const depth = heading.indexOf(" ");
  const rest = text.slice(start + heading.length + 2);
  return rest.split(new RegExp(`\\n#{1,${depth}} `))[0] ?? "";
}

describe("PROTOCOL.md", () => {
  it.each(refusalCodes)("explains the refusal %s", (code) => {
    const says = mayResume(code) ? "The agent resumes." : "No resume.";
    expect(section(`### ${code}`)).toContain(says);
  });

  it("lists the close codes, and when to come back after each", () => {
    const rows = rowsOf(section("## Close codes"));
    const listed = rows.filter(([, code]) => /^4\d\d\d$/.test(code ?? ""));
    expect(listed.map(([, code, name, , back]) => [code, name, back])).toEqual(
      Object.entries(closeCodes).map(([name, code]) => [
        String(code),
        name,
        mayComeBackSoon(code) ? "soon" : "rarely",
      ]),
    );
  });

  it("states the limits", () => {
    const stated = rowsOf(section("## Limits")).slice(2);
    expect(
      Object.fromEntries(
        stated.map(([, name, value]) => [
          name,
          Number(value?.replaceAll(",", "")),
        ]),
      ),
    ).toEqual(limits);
  });

  it("shows the body of a golden vector as its example", () => {
    const [, block = ""] = section("### An example").split("```");
    const bytes = block
      .split("\n")
      .map((line) => line.split("  ")[0])
      .join("");
    const segment = openSegment(unhex(golden("segment-lifts.json").hex ?? ""));
    expect(unhex(bytes)).toEqual(Buffer.from(segment.body));
  });

  it.each([SUBPROTOCOL, SUBPROTOCOL_V2])("names the subprotocol %s", (name) => {
    expect(text).toContain(`\`${name}\``);
  });

  it.each([
    ...[...CloudMessage.options, ...AgentMessage.options],
    ...[...CloudMessageV2.options, ...AgentMessageV2.options],
  ])("describes every field of $entries.type.literal", ({ entries }) => {
    const { type, ...fields } = entries;
    const described = section(`### ${type.literal}`);
    for (const field of Object.keys(fields)) {
      expect(described).toContain(`\`${field}\``);
    }
  });

  it.each(Statement.options)(
    "describes a statement on $entries.what.literal",
    ({ entries }) => {
      const described = section("### Statement");
      expect(described).toContain(`\`${entries.what.literal}\``);
      for (const field of Object.keys(entries)) {
        expect(described).toContain(`\`${field}\``);
      }
    },
  );

  it.each(TelemetryItem.options)(
    "describes every field of an item of $entries.kind.literal",
    ({ entries }) => {
      const { kind, ...fields } = entries;
      const described = section(`### Item ${kind.literal}`);
      for (const field of Object.keys(fields)) {
        expect(described).toContain(`\`${field}\``);
      }
    },
  );

  it.each([
    ["### Head", Head],
    ["### Root", RootV1],
    ["### Root of version 2", RootV2],
    ["### State", State],
    ["### hello", HelloV2],
    ["### receipt", ReceiptV2],
    ["### Approval", Approval],
    ["### Policy", Policy.pipe[0]],
    ["### Allowance", Allowance.pipe[0]],
    ["### hello", Hello],
    ["### receipt", Receipt],
    ["### Segment header", SegmentHeader],
    ["### Snapshot header", SnapshotHeader],
    ["### Token", EnrolmentToken],
    ["### Request", EnrolmentRequest],
    ["### Answer", EnrolmentAnswer],
  ])("describes every field under %s", (heading, { entries }) => {
    const described = section(heading);
    for (const field of Object.keys(entries)) {
      expect(described).toContain(`\`${field}\``);
    }
  });
});
