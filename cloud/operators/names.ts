/**
 * What an operator may be called: it is the `by` of all that they decide, so it
 * can't be mistaken for a rule ("rule:…"), an issuer ("oidc:…"), or an id.
 */
export const isOperatorName = (name: string): boolean =>
  NAME.test(name) && !/^opr-/i.test(name);

/** In words, for whoever chose another. */
export const NAME_WORDS =
  "1 to 64 letters, digits, blanks and ._@+'- are expected, a letter or digit first";

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@+'-]{0,63}$/u;
