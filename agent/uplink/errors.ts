import type { DrainOrder } from "../protocol/drain.js";
import { closeCodes, mayComeBackSoon } from "../protocol/close-codes.js";

/** When to dial again. */
export type Patience =
  | { readonly kind: "backoff" }
  /** The cloud said when. */
  | { readonly kind: "after"; readonly ms: number }
  /** The cloud asked a fleet to spread over a window. */
  | {
      readonly kind: "within";
      readonly ms: number;
      /** Not before so many milliseconds. */
      readonly afterMs?: number;
    }
  /** Coming back at once is useless; giving up would protect nobody. */
  | { readonly kind: "rarely" };

const BACKOFF: Patience = { kind: "backoff" };

/** A connection that did not come about or did not last. */
export abstract class LinkError extends Error {
  /** Each error knows how it is best waited out. */
  patience(): Patience {
    return BACKOFF;
  }
}

/** No TCP or TLS connection, or the handshake broke off. */
export class CloudUnreachable extends LinkError {
  override readonly name = "CloudUnreachable";
}

/** The cloud answered the WebSocket handshake with an HTTP error. */
export class HandshakeRefused extends LinkError {
  override readonly name = "HandshakeRefused";

  constructor(
    readonly status: number,
    readonly retryAfterMs: number | undefined,
    /** What shows that it was not the cloud that answered. */
    strange?: string,
  ) {
    super(
      strange === undefined
        ? `the cloud answered the handshake with HTTP ${status}`
        : `cannot connect to the cloud: ${strange}`,
    );
  }

  override patience(): Patience {
    return this.retryAfterMs === undefined
      ? BACKOFF
      : { kind: "after", ms: this.retryAfterMs };
  }
}

/** Nothing was heard for longer than the heartbeat allows. */
export class LinkSilent extends LinkError {
  override readonly name = "LinkSilent";

  constructor(readonly heartbeatMs: number) {
    super(`nothing was heard for two heartbeats of ${heartbeatMs} ms`);
  }
}

/** The cloud asks, and does not read the answers. */
export class LinkClogged extends LinkError {
  override readonly name = "LinkClogged";

  constructor(readonly waitingBytes: number) {
    super(`the cloud did not read ${waitingBytes} bytes that wait for it`);
  }
}

/** The connection broke off: a reset, a time-out, a network that is gone. */
export class LinkBroken extends LinkError {
  override readonly name = "LinkBroken";
}

/** The cloud said something that this agent does not understand. */
export class LinkGarbled extends LinkError {
  override readonly name = "LinkGarbled";
}

/**
 * The cloud speaks the version that was offered, and was asked for an older one:
 * somebody between has changed what this agent said.
 */
export class LinkDowngraded extends LinkError {
  override readonly name = "LinkDowngraded";

  constructor() {
    super(
      "the cloud speaks version 2 of the protocol and was asked for version 1 only: somebody between changes what this agent offers",
    );
  }
}

/** The connection was closed, with or without a reason. */
export class LinkClosed extends LinkError {
  override readonly name = "LinkClosed";

  constructor(
    readonly code: number,
    readonly reason: string,
  ) {
    super(
      code === closeCodes.revoked
        ? "revoked by the cloud; its bans end as they expire; enrol anew"
        : `the connection was closed with code ${code} (${reason || "no reason"})`,
    );
  }

  override patience(): Patience {
    return mayComeBackSoon(this.code) ? BACKOFF : { kind: "rarely" };
  }
}

/** The cloud is about to close and asked to come back within a window. */
export class LinkDrained extends LinkError {
  override readonly name = "LinkDrained";

  constructor(readonly order: DrainOrder) {
    const { afterMs, windowMs } = order;
    const after = afterMs > 0 ? `after ${afterMs} ms, ` : "";
    super(`the cloud asked to reconnect ${after}within ${windowMs} ms`);
  }

  override patience(): Patience {
    const { afterMs, windowMs } = this.order;
    return { kind: "within", ms: windowMs, afterMs };
  }
}
