/** Jest runs the compiled output: what is tested is what ships, and no transformer stands between. */
const common = {
  rootDir: "dist/test",
  testEnvironment: "node",
  transform: {},
  modulePathIgnorePatterns: [],
};

/** The programs as people call them, most as processes: ./scripts/test-commands runs these. */
const commands = [
  "<rootDir>/cloud/cli/",
  "<rootDir>/service/",
  "<rootDir>/installer/",
];

/** Minutes of hostile lists against one host: ./scripts/test-lists runs these. */
const lists = "<rootDir>/kernel/hostile-lists.test.js";

export default {
  // What a file of tests imported is never let go of: a worker that has grown ends.
  workerIdleMemoryLimit: "1GB",
  testTimeout: 180_000, // two cores that do other things as well are slow
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/**/*.test.js"],
      testPathIgnorePatterns: ["<rootDir>/kernel/", ...commands],
    },
    {
      ...common,
      displayName: "commands",
      testMatch: commands.map((folder) => `${folder}**/*.test.js`),
    },
    {
      ...common,
      displayName: "kernel",
      testMatch: ["<rootDir>/kernel/**/*.test.js"],
      testPathIgnorePatterns: [lists],
    },
    {
      ...common,
      displayName: "lists",
      testMatch: [lists],
    },
  ],
};
