import tseslint from "typescript-eslint";

/** Each outside package comes in by one door; see ARCHITECTURE.md. */
const doors = {
  "better-sqlite3": ["agent/sqlite/database.ts", "cloud/journal/database.ts"],
  ws: [
    "agent/uplink/dial.ts",
    "cloud/gateway/listen.ts",
    "cloud/api/live/listen.ts",
    "cloud/cli/live-socket.ts",
  ],
  winston: ["agent/log/winston-logger.ts"],
  "node-cron": ["agent/runtime/calendar.ts"],
  systeminformation: ["agent/host/inventory.ts", "agent/host/vitals.ts"],
  "@simplewebauthn/server": [
    ...["cloud/sign-in/passkeys.ts", "cloud/sign-in/attestation.ts"],
  ],
  "@simplewebauthn/server/helpers": ["cloud/sign-in/attestation.ts"],
  "openid-client": ["cloud/sign-in/issuer.ts"],
  yaml: [
    ...["cloud/rules/read-rules.ts", "installer/steps/settings.ts"],
    ...["service/settings/yaml-text.ts", "cloud/policies/read-yaml.ts"],
  ],
  "mmdb-lib": ["cloud/places/mmdb.ts"],
  koffi: ["agent/runtime/libc.ts", "scripts/bench/packet/raw-socket.ts"],
};

const doorRule = (path) => [
  "error",
  {
    paths: Object.entries(doors)
      .filter(([, files]) => !files.includes(path))
      .map(([name, files]) => ({
        name,
        message: `only ${files.join(" and ")} may import ${name}`,
      })),
  },
];

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/", ".cache/"] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({
    ...config,
    files: ["**/*.ts", "**/*.tsx"],
  })),
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { varsIgnorePattern: "^_", argsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true },
      ],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportDefaultDeclaration",
          message: "Named exports only: one thing, one name.",
        },
        {
          selector: "Program > VariableDeclaration[kind='let']",
          message: "No state at module level: give it an owner.",
        },
      ],
      "max-lines": ["error", { max: 350 }],
      "max-lines-per-function": [
        "error",
        { max: 50, skipBlankLines: true, skipComments: true },
      ],
      "max-params": ["error", 4],
      complexity: ["error", 12],
      eqeqeq: "error",
      "no-restricted-imports": doorRule(""),
    },
  },
  ...[...new Set(Object.values(doors).flat())].map((path) => ({
    files: [path],
    rules: { "no-restricted-imports": doorRule(path) },
  })),
  {
    // Markup takes lines of its own.
    files: ["cloud/console/page/**"],
    rules: {
      "max-lines-per-function": [
        "error",
        { max: 75, skipBlankLines: true, skipComments: true },
      ],
    },
  },
  {
    // winston types its transports as interfaces beside their constructors.
    files: ["agent/log/winston-logger.ts"],
    rules: { "@typescript-eslint/no-unsafe-class-instance-assignment": "off" },
  },
  {
    // Deprecated only so that it stands out: it is for an issuer on loopback.
    files: ["cloud/sign-in/issuer.ts"],
    rules: { "@typescript-eslint/no-deprecated": "off" },
  },
  {
    files: ["agent/**/*.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        {
          name: "process",
          message: "The agent is a library: only service/ is a process.",
        },
        { name: "console", message: "Report through agent/events.ts." },
      ],
    },
  },
  {
    files: ["test/**/*.ts", "scripts/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "no-restricted-imports": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
