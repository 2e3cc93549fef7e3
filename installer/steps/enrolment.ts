import { readFileSync } from "node:fs";
import {
  decodeToken,
  type EnrolmentToken,
} from "../../agent/protocol/enrolment.js";
import { misused } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import type { Files } from "../files.js";
import { currentOf, DAEMON, ENTRY, layout, USER } from "../layout.js";
import { settled, type Step } from "../step.js";

export interface Enrolment {
  readonly prefix: string;
  readonly node: string;
  /** The cloud that is meant, as typed; undefined: the one that the token names. */
  readonly cloud: string | undefined;
  /** Needed for a host that is not enrolled. */
  readonly tokenFile: string | undefined;
  /** Enrol a host anew that is enrolled: it was revoked, or has another cloud. */
  readonly again: boolean;
  /** Have it run without a cloud. */
  readonly alone: boolean;
}

/** Has the agent run without a cloud, as the agent's user. */
export function enableAlone({ prefix, node }: Enrolment): Step {
  let told = "";
  return {
    name: "enrolment",
    describe: () => "run without a cloud",
    isDone: ({ files }) => settled(isEnrolled(files) || isAlone(files)),
    do: async ({ run }) => {
      const argv = ["enable", "--standalone"];
      told = await run(asAgent({ prefix, node }, argv));
    },
    told: () => told,
    undo: ({ files }) => {
      files.remove(layout.standAlone);
      return settled();
    },
  };
}

/**
 * Makes the host known to its cloud, as the agent's user, whose the key is. A
 * token is good for once: when a run is interrupted after the cloud has taken
 * it, the next one needs another.
 */
export function enrolHost(enrolment: Enrolment): Step {
  const { again, tokenFile } = enrolment;
  const name = "enrolment";
  let renewed = false;
  let told = "";
  return {
    name,
    describe: () => {
      const { token } = readToken(enrolment);
      return `enrol${again ? " anew" : ""} with ${originOf(token.url)}`;
    },
    isDone: ({ files }) =>
      settled(
        isEnrolled(files)
          ? !again || renewed
          : isAlone(files) && tokenFile === undefined,
      ),
    do: async ({ run }) => {
      const { text } = readToken(enrolment);
      const argv = ["enrol", "--force", "--token-file", "-"];
      told = await run(asAgent(enrolment, argv), { input: text });
      renewed = true;
      // What runs is the former agent still.
      if (again) await run(["systemctl", "try-restart", DAEMON]);
    },
    told: () => told,
    undo: async ({ files, run }) => {
      // Whether the cloud hears of it changes nothing here.
      if (isEnrolled(files)) {
        await run(asAgent(enrolment, ["leave"])).catch(() => undefined);
      }
      // The identity first: without it no key counts for anything.
      files.remove(layout.identity);
      files.remove(layout.standAlone);
      const keys = files.list(layout.state).filter((name) => isKey(name));
      for (const name of keys) files.remove(`${layout.state}/${name}`);
    },
  };
}

const asAgent = (
  { prefix, node }: Pick<Enrolment, "prefix" | "node">,
  argv: readonly string[],
): readonly string[] => [
  ...["setpriv", `--reuid=${USER}`, `--regid=${USER}`],
  // It ends with the installer: a user who runs something can't be deleted.
  ...["--clear-groups", "--pdeathsig=KILL", "--", node],
  ...[`${currentOf(prefix)}/${ENTRY}`, "-c", layout.config],
  ...argv,
];

const isAlone = (files: Files): boolean =>
  files.kind(layout.standAlone) === "file";

/** The identity is put in place last, once the key that it names is there. */
const isEnrolled = (files: Files): boolean =>
  files.kind(layout.identity) === "file";

const isKey = (name: string): boolean => /^device-.*\.key/.test(name);

/**
 * Says before anything is done whether the enrolment can come to an end.
 * @throws Failure when the token is not for this cloud, or the host another's
 */
export function checkEnrolment(files: Files, enrolment: Enrolment): void {
  const { again, alone, tokenFile } = enrolment;
  if (alone) {
    if (tokenFile === undefined && !again) return;
    throw misused("--standalone goes without --token-file and --re-enrol");
  }
  if (isAlone(files) && !isEnrolled(files) && tokenFile === undefined) return;
  if (!isEnrolled(files) || again) {
    readToken(enrolment);
    return;
  }
  if (enrolment.cloud === undefined) return;
  const text = files.read(layout.identity) ?? "";
  const { url } = JSON.parse(text) as { readonly url: string };
  if (originOf(url) !== originOf(enrolment.cloud)) {
    throw misused(
      `this host is enrolled with ${url} already; to enrol it with another cloud: --re-enrol, with a token of that one`,
    );
  }
}

function readToken({ tokenFile, cloud }: Enrolment): {
  readonly text: string;
  readonly token: EnrolmentToken;
} {
  if (tokenFile === undefined) {
    throw misused(
      "--token-file is needed: this host is to be enrolled, with a one-time token of its cloud's (tourniquet-cloud token); without a cloud: --standalone",
    );
  }
  const text = readText(tokenFile);
  const token = decoded(tokenFile, text);
  if (cloud !== undefined && originOf(token.url) !== originOf(cloud)) {
    throw misused(
      `the token in ${tokenFile} is for ${token.url}, not for ${cloud}`,
    );
  }
  return { text, token };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw misused(`--token-file: ${messageOf(error)}`, error);
  }
}

function decoded(path: string, text: string): EnrolmentToken {
  try {
    return decodeToken(text);
  } catch (error) {
    throw misused(`--token-file ${path}: ${messageOf(error)}`, error);
  }
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch (error) {
    throw misused(`--cloud "${url}" is not a URL`, error);
  }
}
