import { errnoName } from "../runtime/libc.js";

/** What the kernel says when it refuses a request. */
export interface Refusal {
  readonly errno: number;
  /** The kernel's own sentence, where it has one. */
  readonly explanation: string | undefined;
  /** Where in the refused message the cause lies. */
  readonly offset: number | undefined;
}

/** The kernel refused a request, or gave no answer to it. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** The name of the errno, such as "ENOENT". */
  readonly code: string;
  readonly explanation: string | undefined;
  readonly offset: number | undefined;

  constructor(
    /** What we wanted, as a verb and its object. */
    readonly operation: string,
    { errno, explanation, offset }: Refusal,
    options?: ErrorOptions,
  ) {
    const code = errnoName(errno);
    const because =
      explanation === undefined ? code : `${explanation} (${code})`;
    super(`could not ${operation}: ${because}`, options);
    this.code = code;
    this.explanation = explanation;
    this.offset = offset;
  }
}

/** Bytes that are not what netlink promises. */
export class MalformedNetlink extends Error {
  override readonly name = "MalformedNetlink";
}
