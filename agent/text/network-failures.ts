/** What kept a connection from giving an answer, as people look for it. */
export type NetworkFailure =
  | "nobody-there"
  | "no-name"
  | "no-way"
  | "not-trusted"
  | "run-out"
  | "not-valid-yet"
  | "other-name"
  | "no-tls"
  | "cut-off";

/** The kind of failure that a code of Node's stands for, if it is known. */
export const networkFailure = (code: string): NetworkFailure | undefined =>
  KINDS[code];

/**
 * The code of what failed, such as "ECONNREFUSED"; empty when there is none.
 * `fetch` has it in what caused its error, a connection to several addresses in
 * the first of many.
 */
export function codeOf(error: unknown): string {
  const { code, cause } = fieldsOf(error);
  if (typeof code === "string") return code;
  const { errors } = fieldsOf(cause);
  const first: unknown = Array.isArray(errors) ? errors[0] : cause;
  const { code: inner } = fieldsOf(first);
  return typeof inner === "string" ? inner : "";
}

const fieldsOf = (value: unknown): Partial<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value : {};

const KINDS: Readonly<Record<string, NetworkFailure | undefined>> = {
  ECONNREFUSED: "nobody-there",
  ENOTFOUND: "no-name",
  EAI_AGAIN: "no-name",
  EAI_NODATA: "no-name",
  ETIMEDOUT: "no-way",
  EHOSTUNREACH: "no-way",
  ENETUNREACH: "no-way",
  UND_ERR_CONNECT_TIMEOUT: "no-way",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "not-trusted",
  UNABLE_TO_GET_ISSUER_CERT: "not-trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "not-trusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "not-trusted",
  SELF_SIGNED_CERT_IN_CHAIN: "not-trusted",
  CERT_HAS_EXPIRED: "run-out",
  CERT_NOT_YET_VALID: "not-valid-yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "other-name",
  ERR_SSL_WRONG_VERSION_NUMBER: "no-tls",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "no-tls",
  EPROTO: "no-tls",
  ECONNRESET: "cut-off",
  EPIPE: "cut-off",
  UND_ERR_SOCKET: "cut-off",
};
