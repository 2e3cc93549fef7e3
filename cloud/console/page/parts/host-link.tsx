import { to } from "../router.js";

/** A host by its name, with the way to its story; forgotten ones have an id alone. */
export function HostLink({
  host: { agent, hostname },
}: {
  readonly host: { readonly agent: string; readonly hostname: string | null };
}) {
  return <a href={to(`/fleet/${agent}`)}>{hostname ?? agent}</a>;
}
