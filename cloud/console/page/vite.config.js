import { defineConfig } from "vite";
import { worldMap } from "./world-map.js";

/** The page is served below /console/ by the cloud itself, and by nobody else. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/console/",
  plugins: [worldMap()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../../dist/console",
    emptyOutDir: true,
    // Kept from the page: its policy lets nothing in that is no file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    // Many small files compress badly: what belongs together comes together.
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "settings", test: /views\/settings\// },
            { name: "parts", test: /page\/parts\/|cloud\/query\// },
            {
              name: "records",
              test: /views\/(audit|contests|lists|proposals)\//,
            },
            { name: "fleet", test: /views\/fleet\// },
          ],
        },
      },
    },
  },
});
