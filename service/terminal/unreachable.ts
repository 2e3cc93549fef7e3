/**
 * Why a server could not be asked, in a sentence with what to do, for who has
 * never heard of the codes that Node and OpenSSL give.
 */
export function whyUnreachable(error: Error, caSetting: string): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (UNTRUSTED.has(code)) {
    return `its certificate is signed by an authority that this host does not know; if it is your vendor's own, name the authority's PEM file as ${caSetting}`;
  }
  return SENTENCES.get(code) ?? (TLS.test(code) ? NO_TLS : error.message);
}

const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
]);

const SENTENCES: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nothing listens there; is the cloud running?"],
  ["ECONNRESET", "the connection was cut off"],
  ["ETIMEDOUT", "no answer in time; is a firewall in between?"],
  ["EHOSTUNREACH", "there is no way to that address"],
  ["ENETUNREACH", "this host has no network to that address"],
  ["ENOTFOUND", "its name is not known to this host's resolver"],
  ["EAI_AGAIN", "this host's resolver does not answer; is the network up?"],
  [
    "CERT_HAS_EXPIRED",
    "its certificate has run out, or this host's clock is wrong",
  ],
  [
    "CERT_NOT_YET_VALID",
    "its certificate is not valid yet, or this host's clock is wrong",
  ],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "its certificate is for another name; is the address right?",
  ],
]);

/** OpenSSL's own codes: what came was no TLS at all, or too old a kind. */
const TLS = /^(EPROTO|ERR_SSL_.*)$/;
const NO_TLS = "it does not speak TLS there; is the address or port right?";
