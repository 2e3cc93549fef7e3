/** What a browser says about who makes it ask. */
export interface Asking {
  /** `Sec-Fetch-Site`. */
  readonly fetchSite: string | undefined;
  /** `Origin`. */
  readonly origin: string | undefined;
}

/**
 * Whether a request is made by a page of this cloud's own: what a browser sends
 * along with a cookie changes something only then.
 */
export function isOwnSite(
  { fetchSite, origin }: Asking,
  publicUrl: string,
): boolean {
  if (fetchSite !== undefined) return fetchSite === "same-origin";
  return origin === new URL(publicUrl).origin;
}

/**
 * Whether a page of somebody else's makes the request. Of what needs no cookie;
 * a program that is no browser says neither, and is let in.
 */
export const isOtherSite = (asking: Asking, publicUrl: string): boolean =>
  (asking.fetchSite ?? asking.origin) !== undefined &&
  !isOwnSite(asking, publicUrl);

/**
 * Whether a page of somebody else's takes the browser along. Whoever typed where
 * to go, or has it as a bookmark, comes from nowhere.
 */
export const isTakenFromOtherSite = (
  asking: Asking,
  publicUrl: string,
): boolean => asking.fetchSite !== "none" && isOtherSite(asking, publicUrl);

/**
 * Whether a WebSocket may be opened by cookie. Every browser names the origin
 * here, whereas not all agree on what a socket's site is.
 */
export const isOwnUpgrade = (
  { origin }: Pick<Asking, "origin">,
  publicUrl: string,
): boolean => origin === new URL(publicUrl).origin;
