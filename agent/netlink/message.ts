import { after, attributesIn, hostU16, hostU32, textOf } from "./attributes.js";
import {
  HEADER_BYTES,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
} from "./constants.js";
import { MalformedNetlink, type Refusal } from "./error.js";

/** One message from the kernel; `payload` is a view of what was received. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Port of the socket that the message answers, or whose change it tells. */
  readonly port: number;
  readonly payload: Buffer;
}

/**
 * Splits a datagram into its messages.
 * @throws MalformedNetlink when a length does not fit
 */
export function* messagesIn(datagram: Buffer): Generator<Message, void> {
  let at = 0;
  while (at + HEADER_BYTES <= datagram.length) {
    const length = hostU32(datagram, at);
    if (length < HEADER_BYTES || at + length > datagram.length) {
      throw new MalformedNetlink(`a message of ${length} bytes at ${at}`);
    }
    yield {
      type: hostU16(datagram, at + 4),
      flags: hostU16(datagram, at + 6),
      sequence: hostU32(datagram, at + 8),
      port: hostU32(datagram, at + 12),
      payload: datagram.subarray(at + HEADER_BYTES, at + length),
    };
    at += (length + 3) & ~3;
  }
}

/** What an error message says; an errno of 0 is an acknowledgement. */
export function readRefusal({ flags, payload }: Message): Refusal {
  const errno = -hostU32(payload, 0) >>> 0;
  const echoed = flags & NLM_F_CAPPED ? HEADER_BYTES : hostU32(payload, 4);
  const refusal = { errno, explanation: undefined, offset: undefined };
  if (!(flags & NLM_F_ACK_TLVS)) return refusal;
  const aligned = Math.ceil(echoed / 4) * 4;
  return { ...refusal, ...explanationIn(after(payload, 4 + aligned)) };
}

function explanationIn(bytes: Buffer): Partial<Refusal> {
  let explanation: string | undefined;
  let offset: number | undefined;
  for (const attribute of attributesIn(bytes)) {
    if (attribute.type === NLMSGERR_ATTR_MSG)
      explanation = textOf(attribute.bytes);
    if (attribute.type === NLMSGERR_ATTR_OFFS)
      offset = hostU32(attribute.bytes, 0);
  }
  return { explanation, offset };
}
