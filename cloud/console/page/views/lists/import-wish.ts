import type { Answers } from "../../api-types.js";
import { ApiProblem, apiPath } from "../../api.js";
import { isVendor, session } from "../../session.js";

/** What somebody wants to import, and how. */
export interface ImportWish {
  readonly file: Blob | undefined;
  readonly name: string;
  /** Where no file is chosen. */
  readonly text: string;
  readonly feed: string;
  readonly lasts: string;
  readonly list: string;
  readonly replace: boolean;
  readonly observe: boolean;
  readonly force: boolean;
  readonly format: string;
  readonly column: string;
  readonly reason: string;
}

/** The feed that one imports into: an org's people into their own. */
const ownFeed = (): string =>
  isVendor.value
    ? "reputation"
    : `org/${session.value?.operator.org ?? "unknown"}`;

export const firstWish = (): ImportWish => ({
  ...{ file: undefined, name: "", text: "", feed: ownFeed() },
  ...{ lasts: "7d", list: "", replace: false, observe: false, force: false },
  ...{ format: "", column: "", reason: "" },
});

/** The list itself; undefined: there is none yet. */
export const bodyOf = ({
  file,
  text,
}: Pick<ImportWish, "file" | "text">): Blob | undefined =>
  file ?? (text.trim() === "" ? undefined : new Blob([text]));

/** The address that imports it, or says what that would do. */
export const pathOf = (wish: ImportWish, dryRun: boolean): string =>
  apiPath("/imports", {
    ...{ feed: wish.feed, for: wish.lasts, reason: wish.reason },
    ...{ list: wish.list, format: wish.format, column: wish.column },
    observe: wish.observe ? true : undefined,
    replace: wish.replace && wish.list !== "" ? true : undefined,
    force: wish.force ? true : undefined,
    dryRun: dryRun ? true : undefined,
  });

export type Imported = Extract<
  Answers["importList"],
  { readonly dryRun: boolean }
>;

/** How a list was read, whatever came of it. */
export type ImportReport = Pick<
  Imported,
  | "format"
  | "lines"
  | "taken"
  | "entries"
  | "masked"
  | "duplicates"
  | "rejected"
  | "rejections"
  | "look"
>;

/** What is told of a list that was not taken. */
export function reportOf(error: unknown): ImportReport | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  const { report } = error.told as { readonly report?: ImportReport };
  return report;
}
