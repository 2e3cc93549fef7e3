/** A text of rules as it is, its lines numbered. */
export function RuleText({ text }: { readonly text: string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="The text">
      <table class="code">
        <tbody>
          {lines.map((line, at) => (
            <tr key={at}>
              <td class="line-number">{at + 1}</td>
              <td>
                <pre>{line}</pre>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
