import { existsSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import type { Command } from "commander";
import { misused } from "../../agent/text/failure.js";
import { whoAmI } from "./ask-operators.js";
import { Client, CloudRefused } from "./client.js";
import { writeConnection } from "./connection.js";
import { readFile } from "./drafts.js";
import type { Io } from "./io.js";

interface Options {
  readonly dir: string;
  readonly ca?: string;
  readonly url: string;
  readonly tokenFile: string;
}

/** connect. */
export function addConnectCommand(program: Command, io: Io): void {
  program
    .command("connect")
    .description("make a folder from which you speak to a cloud elsewhere")
    .requiredOption(
      "--url <url>",
      "the cloud's, as publicUrl in its cloud.json",
    )
    .requiredOption("--token-file <file>", 'from "operator token"; - for stdin')
    .addHelpText("after", EXAMPLE)
    .action(async (_, command: Command) => {
      const {
        dir,
        ca: file,
        url,
        tokenFile,
      } = command.optsWithGlobals<Options>();
      if (existsSync(join(dir, "cloud.json"))) {
        throw misused(`${dir} is a cloud's own folder: name another by --dir`);
      }
      if (!URL.canParse(url)) throw misused(`--url "${url}" is no URL`);
      const ca = file === undefined ? undefined : readFile("--ca", file);
      const token = await tokenIn(tokenFile, io);
      const me = await whoAmI(Client.at({ dir, url, ca }, token)).catch(
        (error: unknown) => {
          throw isUnknown(error) ? misused(notKnown(url, tokenFile)) : error;
        },
      );
      writeConnection(dir, { url, ca }, token);
      const whose = me.org ?? "the vendor";
      io.out(`${dir} speaks to ${url} as ${me.name}, ${me.role} of ${whose}`);
    });
}

const EXAMPLE = `
Nothing is written unless the cloud knows the token. Once more, it takes another.

Example:
  $ tourniquet-cloud connect --dir ./vendor --url https://bans.example --ca ca.pem --token-file anna.token
  $ tourniquet-cloud whoami --dir ./vendor`;

async function tokenIn(path: string, io: Io): Promise<string> {
  const text =
    path === "-" ? await textOf(io.input()) : readFile("--token-file", path);
  const token = text.trim();
  if (/^[\w-]{1,128}$/.test(token)) return token;
  throw misused(`--token-file "${path}" holds no token of an operator's`);
}

const isUnknown = (error: unknown): boolean =>
  error instanceof CloudRefused && error.status === 401;

const notKnown = (url: string, file: string): string =>
  `the cloud at ${url} does not know the token in "${file}": it is expired, revoked, or another cloud's`;
