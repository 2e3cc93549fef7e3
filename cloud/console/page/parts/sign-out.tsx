import { said } from "../api.js";
import { signOut } from "../session.js";
import { notify } from "./notices.js";

/** Ends the session, or says that it goes on. */
export function SignOut({ isQuiet = false }: { readonly isQuiet?: boolean }) {
  const leave = () => {
    signOut().catch((error: unknown) => {
      notify(`You are still signed in. ${said(error)}`);
    });
  };
  return (
    <button type="button" class={isQuiet ? "quiet" : ""} onClick={leave}>
      Sign out
    </button>
  );
}
