import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import { misused } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";

/** A file of the configuration, and what it says. */
export interface SettingsFile {
  readonly file: string;
  readonly text: string;
}

/** Folder beside the main file, whose files say more. */
const FOLDER = "conf.d";

/** More files, or longer ones, are a mistake. */
const MOST_FILES = 100;
const MOST_BYTES = 1024 * 1024;

/**
 * The main file and those of `conf.d` beside it, by their names: what is later
 * counts. `mayBeAbsent` is about the main file.
 * @throws Failure for what cannot be read, or what others may write
 */
export function readFiles(
  main: string,
  mayBeAbsent: boolean,
): readonly SettingsFile[] {
  const read = readMain(main, mayBeAbsent);
  const folder = join(dirname(main), FOLDER);
  const names = namesIn(folder);
  if (names === undefined) return read.files;
  refuseStrange(statSync(folder), folder, read.owner);
  const more = names.map((name) => readMore(join(folder, name), read.owner));
  return [...read.files, ...more];
}

/** Whose files count beside root's; nobody's else where there is no main file. */
type Owner = Pick<Stats, "uid" | "gid">;

const ROOT: Owner = { uid: 0, gid: 0 };

function readMain(
  file: string,
  mayBeAbsent: boolean,
): { readonly files: readonly SettingsFile[]; readonly owner: Owner } {
  try {
    const owner = statSync(file);
    return { files: [{ file, text: readFileSync(file, "utf8") }], owner };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && mayBeAbsent) return { files: [], owner: ROOT };
    throw misused(`cannot read the configuration: ${message}`, error);
  }
}

/** In the order of their bytes; undefined where there is no such folder. */
function namesIn(folder: string): readonly string[] | undefined {
  try {
    const names = readdirSync(folder)
      .filter((name) => name.endsWith(".yaml") && !name.startsWith("."))
      .sort((one, other) =>
        Buffer.compare(Buffer.from(one), Buffer.from(other)),
      );
    if (names.length <= MOST_FILES) return names;
    throw misused(
      `${folder} has ${names.length} files, of which at most ${MOST_FILES} are read`,
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === undefined) throw error;
    throw misused(`cannot read the configuration: ${message}`, error);
  }
}

/** What is looked at is what is read: the file is opened once, and without waiting. */
function readMore(file: string, owner: Owner): SettingsFile {
  const opened = openMore(file);
  try {
    const found = fstatSync(opened);
    if (!found.isFile()) throw misused(`${file} is not taken: it is no file`);
    refuseStrange(found, file, owner);
    if (found.size > MOST_BYTES) {
      throw misused(
        `${file} is not taken: it has more than ${MOST_BYTES} bytes`,
      );
    }
    return { file, text: readFileSync(opened, "utf8") };
  } finally {
    closeSync(opened);
  }
}

function openMore(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw misused(`cannot read the configuration: ${messageOf(error)}`, error);
  }
}

/** Whoever could write it would say what this host protects. */
function refuseStrange(found: Stats, path: string, owner: Owner): void {
  const { uid, gid, mode } = found;
  if (uid !== 0 && uid !== owner.uid) {
    throw misused(
      `${path} is not taken: it belongs to user ${uid}, who could change what this host protects; chown root ${path}`,
    );
  }
  const byGroup = (mode & 0o020) !== 0 && gid !== 0 && gid !== owner.gid;
  if (byGroup || (mode & 0o002) !== 0) {
    throw misused(
      `${path} is not taken: others than its owner may write it; chmod go-w ${path}`,
    );
  }
}
