import { writeFileSync } from "node:fs";
import { InvalidArgumentError, type Command } from "commander";
import { roleNames, type Role } from "../../agent/protocol/root-document.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { generateKey, type SigningKey } from "../../agent/trust/keys.js";
import { writeSecret } from "../folder.js";
import {
  PublicKeyFile,
  draftAfter,
  publicHalf,
  type Draft,
} from "../roots/ceremony.js";
import { publishInto } from "../publish-root.js";
import { addKey, readChain, readKeys } from "../roots/root-files.js";
import { publishRoot } from "./ask-cloud.js";
import { clientOf } from "./client.js";
import {
  addSignCommand,
  collect,
  daysOf,
  readDraft,
  readFile,
  readSigned,
  writeDraft,
  writeNew,
  type Signing,
} from "./drafts.js";
import type { Io } from "./io.js";
import { shownRoot } from "./shown-root.js";

/** root: the ceremony that renews a cloud's keys. */
export function addRootCommands(program: Command, io: Io): void {
  const root = program
    .command("root")
    .description("show and renew the root: which keys agents trust for what")
    .addHelpText("after", CEREMONY);
  addKeyCommand(root, io);
  addShow(root, io);
  addDraft(root, io);
  addSignCommand(root, io, SIGNING);
  addPublish(root, io);
}

const SIGNING: Signing = {
  kind: "root",
  key: "private half of a root key",
  shown: shownRoot,
};

const CEREMONY = `
Each step may be another machine's; FILE.pub and the draft are all that travels:
  $ tourniquet-cloud root key --out alice.pem                       # at Alice's
  $ tourniquet-cloud root draft --add root=alice.pem.pub --out 2.json
  $ tourniquet-cloud root sign 2.json --key keys/root.pem
  $ tourniquet-cloud root sign 2.json --key alice.pem               # at Alice's
  $ tourniquet-cloud root publish 2.json`;

function addKeyCommand(root: Command, io: Io): void {
  root
    .command("key")
    .description("make a key; needs no cloud and no network")
    .requiredOption("--out <file>", "its private half, and FILE.pub beside it")
    .action(({ out }: { out: string }) => {
      const key = generateKey();
      writeNew("--out", out, () => writeSecret(out, key.toPem()));
      const open = `${JSON.stringify(publicHalf(key))}\n`;
      writeNew("--out", `${out}.pub`, () =>
        writeFileSync(`${out}.pub`, open, { flag: "wx" }),
      );
      io.out(`made key ${key.id}; take ${out}.pub to the cloud`);
    });
}

function addShow(root: Command, io: Io): void {
  root
    .command("show")
    .description(
      "print the root in force, or a draft and who still has to sign",
    )
    .argument("[draft]", "file that root draft made")
    .option("--json", "the root as it travels")
    .action(
      (
        file: string | undefined,
        { json }: { json?: true },
        command: Command,
      ) => {
        const { dir } = command.optsWithGlobals<{ dir: string }>();
        const draft = file === undefined ? newestOf(dir) : readDraft(file);
        if (json) io.out(JSON.stringify(draft));
        else for (const line of shownRoot(draft, dir)) io.out(line);
      },
    );
}

const newestOf = (dir: string): Draft => readChain(dir).texts.at(-1) as Draft;

interface DraftOptions {
  readonly dir: string;
  readonly out: string;
  readonly add: readonly (readonly [Role, string])[];
  readonly remove: readonly string[];
  readonly renew: readonly Role[];
  readonly threshold: readonly (readonly [Role, string])[];
  readonly days: string;
}

function addDraft(root: Command, io: Io): void {
  root
    .command("draft")
    .description(
      "write the next root, for the holders of the root keys to sign",
    )
    .requiredOption("--out <file>", "where to")
    .option("--add <role=file.pub>", "one more key for a role", collectPair, [])
    .option("--remove <id>", "a key that is good for nothing more", collect, [])
    .option(
      "--renew <role>",
      "replace the role's keys in the cloud's folder by a new one",
      collectRole,
      [],
    )
    .option("--threshold <role=n>", "how many keys must sign", collectPair, [])
    .option("--days <n>", "for how long the root is good", "730")
    .addHelpText(
      "after",
      `
Examples:
  $ tourniquet-cloud root draft --renew content --renew head --out 3.json
  $ tourniquet-cloud root draft --add root=bob.pem.pub --threshold root=2 --out 3.json
  $ tourniquet-cloud root draft --remove 00112233aabbccdd --out 3.json`,
    )
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<DraftOptions>();
      const { dir, out } = options;
      const renewed = options.renew.map((role) => ({
        role,
        key: generateKey(),
      }));
      const draft = draftOf(options, renewed);
      writeNew("--out", out, () => writeDraft(out, draft, "wx"));
      for (const { role, key } of renewed) {
        addKey(dir, `${role}-${key.id}`, key);
      }
      for (const line of shownRoot(draft, dir)) io.out(line);
    });
}

function draftOf(
  options: DraftOptions,
  renewed: readonly { readonly role: Role; readonly key: SigningKey }[],
): Draft {
  const { dir, add, remove, threshold, days } = options;
  const before = readChain(dir).newest.document;
  const local = readKeys(dir).map(({ id }) => id);
  const replaced = renewed.flatMap(({ role }) =>
    (before.roles[role]?.keys ?? []).filter((id) => local.includes(id)),
  );
  const added = [
    ...add.map(([role, file]) => ({ role, key: readPublic(file) })),
    ...renewed.map(({ role, key }) => ({ role, key: publicHalf(key) })),
  ];
  const changes = {
    add: added,
    remove: [...remove, ...replaced],
    thresholds: Object.fromEntries(
      threshold.map(([role, n]) => [role, Number(n)]),
    ),
    goodForMs: daysOf(days, 9_999) * 86_400_000,
  };
  return draftAfter(before, changes, systemClock.now());
}

function addPublish(root: Command, io: Io): void {
  root
    .command("publish")
    .description("put a signed root into force, here and on every agent")
    .argument("<draft>", "with all the signatures that it needs")
    .action(async (file: string, _, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      const text = readSigned(file, "root");
      const { version } =
        (await publishInto(dir, text, systemClock)) ??
        (await publishRoot(clientOf(command), text));
      io.out(`root ${version} is in force`);
      for (const line of shownRoot(text, dir)) io.out(line);
    });
}

const readPublic = (path: string): PublicKeyFile =>
  parseJson(PublicKeyFile, readFile("--add", path), path);

const collectRole = (value: string, before: readonly Role[]) => [
  ...before,
  roleOf(value),
];

function collectPair(
  value: string,
  before: readonly (readonly [Role, string])[],
): readonly (readonly [Role, string])[] {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError('"role=value" is expected.');
  return [...before, [roleOf(value.slice(0, at)), value.slice(at + 1)]];
}

function roleOf(text: string): Role {
  const role = roleNames.find((each) => each === text);
  if (role !== undefined) return role;
  throw new InvalidArgumentError(`a role is one of ${roleNames.join(", ")}.`);
}
