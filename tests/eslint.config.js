// The rules for the page's JavaScript and the tests' own. `make lint` runs them from the top, as ruff is for Python.

import js from "@eslint/js";

// Text is always a text node: nothing that a server or a user wrote may become markup or code.
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "srcdoc"];

/** Imports run one way: console and docs may use socket and kit, socket may use kit, kit uses nothing. */
const notFrom = (...folders) => ({
  "no-restricted-imports": ["error", { patterns: folders.map((folder) => ({ group: [`**/${folder}/*`] })) }],
});

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc knows better which names a browser has
      "no-unused-vars": ["error", { args: "none" }],
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-console": "off",
      "default-case": "error",
      "object-shorthand": "error",
      "prefer-template": "off",
      eqeqeq: "error",
      curly: ["error", "multi-line"],
    },
  },
  {
    files: ["static/**"],
    rules: {
      "no-console": "error",
      "no-restricted-properties": ["error", ...MARKUP.map((property) => ({ property }))],
    },
  },
  { files: ["static/kit/**"], rules: notFrom("socket", "console", "docs") },
  { files: ["static/socket/**"], rules: notFrom("console", "docs") },
  { files: ["static/docs/**"], rules: notFrom("console", "socket") },
  { files: ["static/console/**"], rules: notFrom("docs") },
];
