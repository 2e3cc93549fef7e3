import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from "node:fs";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";

/**
 * A file that only its owner may read, who is who runs this.
 * @returns undefined where there is none
 * @throws Failure when others could have read it, or it cannot be read
 */
export const readPrivate = (path: string): string | undefined =>
  readChecked(path, (file) => {
    if ((file.mode & 0o077) !== 0) {
      throw failed(
        `${path} can be read by others (mode ${octal(file.mode)}); it must be 600`,
      );
    }
    if (file.uid !== process.getuid?.()) {
      throw failed(
        `${path} belongs to user ${file.uid}, not to the one running`,
      );
    }
  });

/**
 * A credential of the service manager's. It belongs to root, and an access list
 * may let the service read it, which shows as a right of the group's.
 * @returns undefined where there is none
 * @throws Failure when others could have read or written it
 */
export const readCredential = (path: string): string | undefined =>
  readChecked(path, ({ mode }) => {
    if ((mode & 0o037) === 0) return;
    throw failed(
      `${path} is open to others (mode ${octal(mode)}); it must be 400`,
    );
  });

/**
 * Nobody but its owner, who runs this or is root, may put other files in the
 * place of those in the folder. One that is not there yet is nobody's.
 * @throws Failure
 */
export function checkFolder(path: string): void {
  const folder = statSync(path, { throwIfNoEntry: false });
  if (folder === undefined) return;
  const { mode, uid } = folder;
  if ((mode & 0o022) !== 0) {
    throw failed(
      `${path} can be written by others (mode ${octal(mode)}); it must be 700`,
    );
  }
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw failed(`${path} belongs to user ${uid}, not to the one running`);
  }
}

interface Rights {
  readonly mode: number;
  readonly uid: number;
}

/** What is checked is what is read: the file may not change in between. */
function readChecked(
  path: string,
  check: (file: Rights) => void,
): string | undefined {
  const file = openOrAbsent(path);
  if (file === undefined) return undefined;
  try {
    check(fstatSync(file));
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function openOrAbsent(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failed(`cannot read ${path}: ${messageOf(error)}`, error);
  }
}

const octal = (mode: number): string => (mode & 0o777).toString(8);
