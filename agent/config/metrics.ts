import { dirname, join } from "node:path";
import * as v from "valibot";
import { absolutePath, section } from "./shapes.js";

/** Where numbers about this host are to be had. */
export interface Metrics {
  /** Of a unix socket; undefined for none. */
  readonly socket: string | undefined;
  /** On loopback; undefined for none. */
  readonly listen: Listening | undefined;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK =
  /^(127\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}|\[::1\]):([1-9]\d{0,4})$/;

/** `metrics` of the file. */
export const MetricsShape = v.optional(
  section({
    socket: v.optional(
      v.union(
        [v.literal("off"), absolutePath],
        'must be "off", or an absolute path',
      ),
    ),
    listen: v.optional(
      v.pipe(
        v.string(),
        v.regex(
          LOOPBACK,
          "must be a loopback address with its port, such as 127.0.0.1:9469",
        ),
        v.transform((text): Listening => {
          const at = text.lastIndexOf(":");
          const host = text.slice(0, at).replaceAll(/[[\]]/g, "");
          return { host, port: Number(text.slice(at + 1)) };
        }),
        v.check(({ port }) => port <= 65_535, "must have a port up to 65535"),
      ),
    ),
  }),
  {},
);

/** Beside the control socket unless it is said where. */
export const metricsOf = (
  {
    socket,
    listen,
  }: {
    readonly socket?: string | undefined;
    readonly listen?: Listening | undefined;
  },
  controlSocket: string,
): Metrics => ({
  socket:
    socket === "off"
      ? undefined
      : (socket ?? join(dirname(controlSocket), "metrics.sock")),
  listen,
});
