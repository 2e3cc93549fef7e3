/** What a WebSocket frame carries (RFC 6455 §5.2). */
const opcodes = { text: 0x1, binary: 0x2 } as const;

/**
 * One whole message as a server sends it, unmasked and in one frame: made once,
 * written to every socket as it is.
 */
export function encodeFrame(
  kind: keyof typeof opcodes,
  payload: Uint8Array,
): Buffer {
  const head = headOf(payload.length);
  head[0] = 0x80 | opcodes[kind];
  return Buffer.concat([head, payload]);
}

function headOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0, length]);
  if (length < 65_536) {
    const head = Buffer.from([0, 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
