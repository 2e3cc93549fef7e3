import {
  codeOf,
  networkFailure,
  type NetworkFailure,
} from "../../agent/text/network-failures.js";

/** What is not done: a URL, an address, an answer or a number beyond the rules. */
export class OutgoingRefused extends Error {
  override readonly name = "OutgoingRefused";
  /** At most 200 characters, all printable; what may be secret is left out. */
  readonly value: string;

  constructor(
    /** What is wrong: "url", "host", "port", "redirect", "header", "size" … */
    readonly field: string,
    value: string,
    problem: string,
  ) {
    const text = value.replaceAll(/\p{Cc}/gu, "?");
    const excerpt = text.length > 200 ? `${text.slice(0, 199)}…` : text;
    super(`${field} "${excerpt}" ${problem}`);
    this.value = excerpt;
  }
}

/** What was tried, and got no answer: in a sentence with the next step. */
export class OutgoingFailed extends Error {
  override readonly name = "OutgoingFailed";

  constructor(
    /** Scheme, host and port; the rest of a URL may be secret. */
    readonly origin: string,
    /** Node's, such as "ECONNREFUSED"; empty where it has none. */
    readonly code: string,
    sentence: string,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}

/** Says of any failure on the way to a URL what it is; ours stay as they are. */
export function failureAt({ origin, hostname }: URL, error: unknown): Error {
  if (error instanceof OutgoingRefused || error instanceof OutgoingFailed) {
    return error;
  }
  const code = codeOf(error);
  if (code === "HPE_HEADER_OVERFLOW") {
    return new OutgoingRefused(
      "header",
      origin,
      "is more than the 16 KiB that are read of it",
    );
  }
  const failure = networkFailure(code);
  const sentence = failure
    ? SENTENCES[failure](origin, hostname)
    : unknownFailure(origin, code);
  return new OutgoingFailed(origin, code, sentence, { cause: error });
}

/** The same for one that takes too long. */
export const tooSlow = ({ origin }: URL, what: string): OutgoingFailed =>
  new OutgoingFailed(
    origin,
    "ETIMEDOUT",
    `${origin} ${what}: try again, and see what slows it down`,
  );

function unknownFailure(origin: string, code: string): string {
  if (code.startsWith("HPE_")) {
    return `what answers at ${origin} does not speak HTTP (${code}): is the port right?`;
  }
  if (/^(Z_|ERR_+(BROTLI|ERROR|PADDING|BUFFER))/.test(code)) {
    return `the answer of ${origin} is damaged, and cannot be inflated (${code}): try again`;
  }
  const known = code === "" ? "" : ` (${code})`;
  return `${origin} is not reachable${known}: see the network and firewalls between`;
}

type Sentence = (origin: string, host: string) => string;

const SENTENCES: Readonly<Record<NetworkFailure, Sentence>> = {
  "nobody-there": (origin) =>
    `nothing answers at ${origin}: is it running there, and the port right?`,
  "no-name": (_origin, host) =>
    `the name ${host} is not known here: see its spelling, and this machine's DNS`,
  "no-way": (origin) =>
    `no packet comes back from ${origin}: see the network and firewalls between`,
  "not-trusted": (origin) =>
    `the certificate of ${origin} is of an authority that this machine does not know: name its file as outgoing.caFile in cloud.json`,
  "run-out": (origin) =>
    `the certificate of ${origin} has run out by this machine's clock: have it renewed, or set the clock right`,
  "not-valid-yet": (origin) =>
    `the certificate of ${origin} is not valid yet by this machine's clock: set the clock right`,
  "other-name": (origin, host) =>
    `the certificate of ${origin} is not for ${host}: see the name in the URL`,
  "no-tls": (origin) =>
    `what answers at ${origin} does not speak TLS: is the port right?`,
  "cut-off": (origin) =>
    `the connection to ${origin} ended before the answer: try again; the log over there may say why`,
};
