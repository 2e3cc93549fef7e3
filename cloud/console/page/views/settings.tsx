import { Facts, Head } from "../parts/bits.js";
import { session } from "../session.js";

/** Who one is; operators, tokens and customers. */
export function Settings() {
  const who = session.value?.operator;
  if (who === undefined) return null;
  return (
    <div class="view">
      <Head title="Settings" />
      <Facts
        of={[
          ["Name", who.name],
          ["Role", who.role],
          ["Of", who.org ?? "the vendor"],
        ]}
      />
    </div>
  );
}
