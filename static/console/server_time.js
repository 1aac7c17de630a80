// What time it is for the server: the browser's own, but in a sandbox, whose clock is moved.

export const serverTime = {
  /** By how many ms the server's clock is ahead of the browser's; sandbox.js sets it. */
  ahead: 0,
  /** In ms since 1970. */
  now: () => Date.now() + serverTime.ahead,
};
