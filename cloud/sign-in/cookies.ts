/** A cookie that says who is signed in, or who is about to be. */
export interface CookieJar {
  /** Of a session. */
  readonly session: string;
  /** Of a browser that was sent to an issuer. */
  readonly login: string;
  readonly isSecure: boolean;
}

/**
 * Over HTTPS the name begins with `__Host-`: a browser then takes the cookie from
 * this very host alone, over TLS, for all its paths. A cloud that is reached over
 * plain HTTP is on loopback, where some browsers refuse such a cookie: there it
 * has a plain name, and other servers of the same machine could set it.
 */
export function jarOf(publicUrl: string): CookieJar {
  const isSecure = new URL(publicUrl).protocol === "https:";
  const prefix = isSecure ? "__Host-" : "";
  return {
    session: `${prefix}tourniquet`,
    login: `${prefix}tourniquet-login`,
    isSecure,
  };
}

/** The value of a cookie in a request's header; undefined: it has none. */
export function cookieIn(
  header: string | undefined,
  name: string,
): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const [key, value] = pair.split("=", 2);
    if (key?.trim() !== name) continue;
    // What we set is base64url: anything else is nobody's.
    return /^[\w-]{1,128}$/.exec(value?.trim() ?? "")?.[0];
  }
  return undefined;
}

/**
 * A `Set-Cookie` header.
 * @param seconds how long the browser keeps it: undefined until it is closed
 */
export function cookieSet(
  { isSecure }: CookieJar,
  name: string,
  value: string,
  seconds?: number,
): string {
  const parts = [`${name}=${value}`, "Path=/", "HttpOnly", "SameSite=Lax"];
  if (isSecure) parts.push("Secure");
  if (seconds !== undefined) parts.push(`Max-Age=${seconds}`);
  return parts.join("; ");
}

export const cookieCleared = (jar: CookieJar, name: string): string =>
  cookieSet(jar, name, "", 0);
