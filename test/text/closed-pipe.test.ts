import { expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { EventEmitter } from "node:events";
import { untilReaderLeaves } from "../../agent/text/closed-pipe.js";

it.each([
  "../../service/main.js",
  "../../cloud/main.js",
  "../../installer/main.js",
])(
  "%s ends quietly when its reader has left",
  async (main) => {
    const path = new URL(main, import.meta.url).pathname;
    const program = spawn(process.execPath, [path, "--help"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    program.stdout.destroy();
    let said = "";
    program.stderr.on("data", (text) => (said += String(text)));
    const [code] = (await once(program, "close")) as [number];
    expect({ code, said }).toEqual({ code: 0, said: "" });
  },
  30_000,
);

it("tells who only prints that the reader has left, and others what went wrong", () => {
  const output = new EventEmitter();
  const failures: Error[] = [];
  const left = untilReaderLeaves([output as never], (error) =>
    failures.push(error),
  );
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  output.emit("error", full);
  expect({ left: left.aborted, failures }).toEqual({
    ...{ left: false, failures: [full] },
  });
  output.emit("error", Object.assign(new Error(), { code: "EPIPE" }));
  expect(left.aborted).toBe(true);
});
