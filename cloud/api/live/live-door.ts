import type { IncomingMessage } from "node:http";
import { isOwnUpgrade } from "../../sign-in/own-site.js";
import { callerBy, isByCookie, otherSite } from "../known-caller.js";
import type { OperatorApiPorts } from "../ports.js";
import type { ApiProblem } from "../problem.js";
import { fromOfRequest, type DoorName } from "../requests.js";
import { mustBeAtLeast, unauthenticated } from "../table/mount.js";
import type { LiveDoor } from "./listen.js";
import type { Streams } from "./streams.js";

type Ports = Pick<
  OperatorApiPorts,
  "operators" | "engage" | "signIn" | "publicUrl"
> & {
  readonly door: DoorName;
  /** What somebody is told of an error; the log has what they are not told. */
  asProblem(error: unknown): ApiProblem;
};

/** Lets in who may listen at a door. */
export const liveDoor = (
  streams: Pick<Streams, "open">,
  ports: Ports,
): LiveDoor => ({
  callerOf: (request) => callerOf(request, ports),
  open: (...stream) => streams.open(...stream),
  engage: (socket) => ports.engage(socket),
  asProblem: (error) => ports.asProblem(error),
  isAllThereIs: ports.door === "own",
});

/** @throws ApiProblem when nobody asks who may listen, or a page of another site */
function callerOf(request: IncomingMessage, ports: Ports) {
  const { authorization, cookie, origin } = request.headers;
  const from = fromOfRequest(request, ports.door);
  // A page opens it by itself, again and again.
  const shown = { authorization, cookie, isUnattended: true };
  const caller = callerBy(shown, from, ports);
  if (caller === undefined) throw unauthenticated();
  if (isByCookie(caller) && !isOwnUpgrade({ origin }, ports.publicUrl())) {
    throw otherSite();
  }
  // As the table says of `followLive`; an upgrade never comes to it.
  mustBeAtLeast("viewer", caller);
  return caller;
}
