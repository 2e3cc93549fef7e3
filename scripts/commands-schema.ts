import { describeInterface } from "./type-schema.js";

/**
 * JSON Schema of all that the host's commands print with `--json`: one of
 * `properties` for each command, which has the words of the command as its name.
 */
export function commandsSchema(): object {
  const { properties, defs } = describeInterface(
    "service/cli/json-outputs.ts",
    "JsonOutputs",
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What tourniquet's commands print with --json",
    description:
      "Each property is a command; its schema is that of the object that it prints, or of each line. Later versions may add fields. Written by dist/scripts/commands-document.js.",
    properties,
    $defs: defs,
  };
}
