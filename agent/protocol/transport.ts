/** Whether an address is spoken to by TLS, or does not leave this machine. */
export const isSafeTransport = ({
  protocol,
  hostname,
}: Pick<URL, "protocol" | "hostname">): boolean =>
  ENCRYPTED.has(protocol) || (PLAIN.has(protocol) && LOOPBACK.test(hostname));

const ENCRYPTED = new Set(["https:", "wss:"]);
const PLAIN = new Set(["http:", "ws:"]);
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
