#!/usr/bin/env node
import process from "node:process";
import { untilReaderLeaves } from "../agent/text/closed-pipe.js";
import { runCommand } from "./cli/program.js";

// The journal tells who is whose customer: nobody else reads along.
process.umask(0o077);

const unprinted: Error[] = [];
untilReaderLeaves([process.stdout, process.stderr], (error) =>
  unprinted.push(error),
);
const exitCode = await runCommand(process.argv.slice(2), {
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
process.exitCode = unprinted.length > 0 ? 1 : exitCode;
