/** Why a change of operators or their credentials is not made. */
export type StaffRefusal =
  /** Something given does not fit. */
  | "invalid"
  /** It is not for whoever asks. */
  | "not-allowed"
  /** There is none, or none for whoever asks: both sound the same. */
  | "unknown"
  | "ambiguous"
  | "exists"
  | "disabled"
  /** Nobody would be left who may let people in again. */
  | "last-admin"
  | "full";

/** A change of operators that is not made, and which field is to blame. */
export class StaffRefused extends Error {
  override readonly name = "StaffRefused";

  constructor(
    readonly code: StaffRefusal,
    readonly field: string,
    readonly value: string | undefined,
    message: string,
  ) {
    super(message);
  }
}
