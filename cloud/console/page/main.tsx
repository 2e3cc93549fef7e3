import { effect } from "@preact/signals";
import { render } from "preact";
import { live } from "./live.js";
import { tick } from "./parts/time.js";
import { followLinks } from "./router.js";
import { findSession, known, may } from "./session.js";
import { Shell } from "./shell/shell.js";
import { SignIn, SignInAnew } from "./shell/sign-in.js";
import { keepTheme } from "./shell/theme.js";
import { View } from "./views.js";

function App() {
  const who = known.value;
  if (who.kind === "asking") return null;
  if (who.kind === "nobody") return <SignIn why={who.why} />;
  // What somebody was at stays until another comes in.
  return (
    <>
      <Shell key={who.session.operator.id}>
        <View />
      </Shell>
      {who.kind === "over" && who.isAsked && <SignInAnew />}
    </>
  );
}

keepTheme();
followLinks();
tick();
// What happens is told to whoever may hear it, for as long as they are signed in.
effect(() => {
  if (known.value.kind === "somebody" && may("viewer")) live.open();
  else live.close(known.value.kind === "over");
});
const app = document.getElementById("app");
if (app !== null) render(<App />, app);
void findSession();
