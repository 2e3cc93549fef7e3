import { effect, signal } from "@preact/signals";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const KEY = "theme";

const isTheme = (text: string | null): text is Theme =>
  THEMES.some((each) => each === text);

const kept = window.localStorage.getItem(KEY);
const theme = signal<Theme>(isTheme(kept) ? kept : "auto");

/** Has the page look as one likes it, and remembers that. */
export function keepTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    window.localStorage.setItem(KEY, theme.value);
  });
}

export function ThemeButton() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  return (
    <button
      type="button"
      class="quiet only-wide"
      onClick={() => {
        theme.value = next ?? "auto";
      }}
    >
      {theme.value}
      <span class="aloud"> colours; change to {next}</span>
    </button>
  );
}
