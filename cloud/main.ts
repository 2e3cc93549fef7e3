#!/usr/bin/env node
import process from "node:process";
import { runCommand } from "./cli/program.js";

// The journal tells who is whose customer: nobody else reads along.
process.umask(0o077);

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  input: () => process.stdin,
  stopped: () =>
    new Promise((resolve) => {
      process.once("SIGTERM", () => resolve());
      process.once("SIGINT", () => resolve());
    }),
});
