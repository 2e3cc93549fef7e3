import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Option, type Command } from "commander";
import { isFeedName } from "../../agent/model/position.js";
import { readCheckpoint } from "../../agent/protocol/checkpoint.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { readNote, verifierKey } from "../../agent/protocol/signed-note.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { failed, misused } from "../../agent/text/failure.js";
import { isoTime } from "../../agent/text/time.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import { eraseIn, type Forgotten } from "../erase-log.js";
import { LocalLog } from "../local-log.js";
import { Signing } from "../roots/signing.js";
import { readSettings } from "../setup.js";
import { audit } from "../tree/audit.js";
import { parseProof, verifyProof, type Proof } from "../tree/proof.js";
import type { Wanted } from "../tree/prover.js";
import { readFile } from "./drafts.js";
import type { Io } from "./io.js";

/** log: what was ever decided, and that it is whole. */
export function addLogCommands(program: Command, io: Io): void {
  const log = program
    .command("log")
    .description("show and prove what was ever decided; in the cloud's folder");
  addHead(log, io);
  addProve(log, io);
  addCheck(log, io);
  addErase(log, io);
}

const dirOf = (command: Command): string =>
  command.optsWithGlobals<{ dir: string }>().dir;

function addHead(log: Command, io: Io): void {
  log
    .command("head")
    .description(
      "print where the log stands, signed, and its keys for witnesses",
    )
    .action((_, command: Command) => {
      const dir = dirOf(command);
      const signing = Signing.open(dir);
      using local = new LocalLog(dir);
      const { name } = readSettings(dir);
      const note = local.head(name, signing, systemClock);
      const { origin, size } = readCheckpoint(readNote(note).text);
      io.out(note.trimEnd());
      io.err(`${origin} has ${size} leaves, over all that was decided so far`);
      for (const { publicKey } of signing.logKeys) {
        io.err(
          `witnesses know it by ${verifierKey(origin, "ed25519", publicKey)}`,
        );
      }
    });
}

function addProve(log: Command, io: Io): void {
  log
    .command("prove")
    .description(
      "write a proof of SEQ, decision ID, op FEED NUMBER or observation SEQ",
    )
    .argument("<what...>", "as above")
    .requiredOption("--out <file>", "where to; it needs no cloud to be checked")
    .action((what: string[], { out }: { out: string }, command: Command) => {
      const dir = dirOf(command);
      const signing = Signing.open(dir);
      using local = new LocalLog(dir);
      const bare = local.prover.prove(wantedBy(what));
      const { name } = readSettings(dir);
      const checkpoint = local.head(name, signing, systemClock);
      const proof: Proof = { ...bare, checkpoint };
      verifyProof(proof, signing.root); // or it is none
      writeFileSync(out, `${JSON.stringify(proof, null, 2)}\n`, { flag: "wx" });
      io.out(`proved in ${out}, by root ${signing.root.fingerprint}`);
    });
}

function forgottenBy(what: readonly string[]): Forgotten {
  const [first, seq = ""] = what;
  if (first === "call" && what.length === 2) {
    return { of: "call", seq: whole(seq) };
  }
  const wanted = wantedBy(what);
  if (wanted.of !== "decision") return wanted;
  throw misused(
    "decisions stay: feeds are folded from them; but a call SEQ may go",
  );
}

function wantedBy([first = "", ...rest]: readonly string[]): Wanted {
  const [name = "", number = ""] = rest;
  if (rest.length === 0) return { of: "decision", seq: whole(first) };
  if (first === "decision" && rest.length === 1) {
    return { of: "decision", id: name };
  }
  if (first === "observation" && rest.length === 1) {
    return { of: "observation", seq: whole(name) };
  }
  if (first === "op" && rest.length === 2 && isFeedName(name)) {
    return { of: "op", feed: name, number: whole(number) };
  }
  throw misused(
    `"${[first, ...rest].join(" ")}" is none of SEQ, decision ID, op FEED NUMBER, observation SEQ`,
  );
}

function whole(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw misused(`"${text}" is no whole number`);
}

function addCheck(log: Command, io: Io): void {
  log
    .command("check")
    .description("check a proof by a root alone, or the cloud's whole folder")
    .argument("[proof]", "file that log prove made")
    .addOption(
      new Option(
        "--root <file>",
        "the root that is believed, as root show --json prints it; else the folder's",
      ),
    )
    .option("--fingerprint <sha256>", "what that root's has to be")
    .action(
      (file: string | undefined, options: CheckOptions, command: Command) => {
        const dir = dirOf(command);
        if (file === undefined) {
          mustBeBare(options);
          return checkFolder(dir, io);
        }
        const root = rootBy(options, dir);
        const proof = parseProof(readFile("PROOF", file));
        const { origin, size, time, payload, erased } = verifyProof(
          proof,
          root,
        );
        const where = `in ${origin}, of ${size} leaves at ${isoTime(time)}`;
        if (payload !== undefined) {
          io.out(payload);
          io.err(`it is leaf ${proof.leaf.index} ${where}`);
        } else if (erased !== undefined) {
          const { at, by, why } = erased;
          io.out(`erased at ${isoTime(at)}, by ${by}: ${why}`);
          io.err(`its commitment is leaf ${proof.leaf.index} ${where}`);
        }
      },
    );
}

function addErase(log: Command, io: Io): void {
  log
    .command("erase")
    .description(
      "forget op FEED NUMBER, observation SEQ or call SEQ for good; the cloud must not run",
    )
    .argument("<what...>", "as above; an op goes with all of its segment")
    .requiredOption("--why <text>", "stays, with your name")
    .action(
      async (what: string[], { why }: { why: string }, command: Command) => {
        const wanted = forgottenBy(what);
        const by = io.env["SUDO_USER"] ?? userInfo().username;
        const erased = await eraseIn(
          ...([dirOf(command), wanted, { by, why }, systemClock] as const),
        );
        const { of, seq } = erased;
        io.out(`erased ${seq} of the ${of}; its commitment stays in the tree`);
      },
    );
}

interface CheckOptions {
  readonly root?: string;
  readonly fingerprint?: string;
}

function rootBy({ root, fingerprint }: CheckOptions, dir: string): TrustedRoot {
  const text =
    root === undefined
      ? Signing.open(dir).newest
      : parseJson(SignedText, readFile("--root", root), root);
  return TrustedRoot.open(text, fingerprint ?? fingerprintOf(text));
}

function mustBeBare({ root, fingerprint }: CheckOptions): void {
  if (root === undefined && fingerprint === undefined) return;
  throw misused("--root and --fingerprint go with a proof");
}

/** @throws Failure, with exit code 1, at the first row that does not fit */
function checkFolder(dir: string, io: Io): void {
  using local = new LocalLog(dir);
  const { events, leaves, misfit } = audit(local.tree);
  const back = local.tree.reappeared()[0];
  // While the cloud runs, it may be a second behind.
  if (misfit !== undefined && misfit.isAhead !== true) {
    throw failed(`event ${misfit.seq} ${misfit.why}; ${events} before it fit`);
  }
  if (back !== undefined) {
    throw failed(`observation ${back} was erased and is there again`);
  }
  const root = local.tree.store.root().toString("hex");
  io.out(`${events} events fit the ${leaves} leaves of the tree ${root}`);
}
