import * as v from "valibot";
import { absolutePath, duration, section } from "./shapes.js";

/** How the cloud is reached, and for how long it may be silent. */
export interface CloudSettings {
  /** PEM of the authority that signed the cloud's certificate; else the system's. */
  readonly caFile: string | undefined;
  /** URL of what leads to the cloud; undefined for the direct way. */
  readonly proxy: string | undefined;
  /** Holds "user:password" for it: a secret never stands in the configuration. */
  readonly proxyCredentialsFile: string | undefined;
  /** So long without a fresh word on a feed is an alarm, in seconds. */
  readonly staleAfterSeconds: number;
}

/** With a host and perhaps a port, and nothing else. */
const PROXY = /^https?:\/\/(\[[\da-f:]+\]|[\w.-]+)(:\d{1,5})?\/?$/i;
const EXAMPLE = "a URL such as http://proxy.example:3128";

/** A secret that stands there is not repeated. */
const hasNoUser = (text: string): boolean => !text.includes("@");
const NO_USER =
  "must have no user and password in it: they belong into the file that cloud.proxyCredentialsFile names";

/** `cloud` of the file. */
export const CloudShape = v.optional(
  section({
    caFile: v.optional(absolutePath),
    proxy: v.optional(
      v.pipe(
        v.string(),
        v.maxLength(512),
        v.check(hasNoUser, NO_USER),
        v.regex(PROXY, `must be ${EXAMPLE}`),
        v.check((text) => URL.canParse(text), `must be ${EXAMPLE}`),
      ),
    ),
    proxyCredentialsFile: v.optional(absolutePath),
    staleAfter: v.optional(duration, "15m"),
  }),
  {},
);

export const cloudOf = ({
  caFile,
  proxy,
  proxyCredentialsFile,
  staleAfter,
}: v.InferOutput<typeof CloudShape>): CloudSettings => ({
  ...{ caFile, proxy, proxyCredentialsFile },
  staleAfterSeconds: staleAfter,
});
