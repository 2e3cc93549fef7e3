import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { wire1, wire2 } from "../../agent/protocol/wire.js";
import { goldenFolder } from "../support/vectors.js";
import type { Vector } from "./vectors/vector.js";

it("carries every item of version 1 in version 2, and gives it back as it was", () => {
  const path = join(goldenFolder, "telemetry.json");
  const { text = "" } = JSON.parse(readFileSync(path, "utf8")) as Vector;
  const message = wire1.fromAgent(text);
  const kinds = message.type === "telemetry" ? message.items : [];
  expect(kinds.map(({ kind }) => kind)).toContain("inventory");
  const carried = wire2.write(message);
  expect(carried).toContain('"kind":"inventory","version":1');
  expect(wire2.fromAgent(carried)).toEqual(message);
});
