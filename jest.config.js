/** Jest runs the compiled output: what is tested is what ships, and no transformer stands between. */
const common = {
  rootDir: "dist/test",
  testEnvironment: "node",
  transform: {},
  modulePathIgnorePatterns: [],
};

export default {
  // What a file of tests imported is never let go of: a worker that has grown ends.
  workerIdleMemoryLimit: "1GB",
  testTimeout: 20_000, // two cores that do other things as well are slow
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/**/*.test.js"],
      testPathIgnorePatterns: ["<rootDir>/kernel/"],
    },
    {
      ...common,
      displayName: "kernel",
      testMatch: ["<rootDir>/kernel/**/*.test.js"],
    },
  ],
};
