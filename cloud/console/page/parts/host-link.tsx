import { to } from "../router.js";

/** A host by its name, with the way to its story. */
export function HostLink({
  host: { agent, hostname },
}: {
  readonly host: { readonly agent: string; readonly hostname: string };
}) {
  return <a href={to(`/fleet/${agent}`)}>{hostname}</a>;
}
