import { expect, it } from "@jest/globals";
import { commandsText } from "../../scripts/commands-text.js";
import { textOf } from "./markdown.js";

it("docs/commands.md is as dist/scripts/commands-document.js writes it", () => {
  expect(textOf("docs/commands.md")).toBe(commandsText());
});
