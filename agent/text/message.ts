/**
 * What was thrown, in words: its message, or whatever it is as text. It is asked
 * for the message, not the class: an error of another realm is no `Error` here.
 */
export const messageOf = (error: unknown): string =>
  hasMessage(error) ? error.message : String(error);

const hasMessage = (error: unknown): error is { readonly message: string } =>
  typeof error === "object" &&
  error !== null &&
  "message" in error &&
  typeof error.message === "string";
