import { messageOf } from "./message.js";

/** Why a file could not be used, and what to do about it, where that is known. */
export function fileFailure(error: unknown): string {
  const code = codeIn(error);
  return SENTENCES[code] ?? messageOf(error);
}

const codeIn = (error: unknown): string =>
  typeof error === "object" &&
  error !== null &&
  "code" in error &&
  typeof error.code === "string"
    ? error.code
    : "";

/** By Node's names for them. */
const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder: is its path right?",
  ENOTDIR: "a part of its path is no folder",
  EISDIR: "it is a folder: name a file in it",
  EACCES: "this user may not: see its owner and mode, or run as its owner",
  EPERM: "this user may not: see its owner and mode, or run as its owner",
  EEXIST: "it is there already: name another, or move it away",
  EROFS: "what it lies on is mounted read-only",
  ENOSPC: "there is no room on its disk: make some, and try again",
  EDQUOT: "this user's quota of its disk is used up",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links lead in a circle",
};
