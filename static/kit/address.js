// Where Careline is: the folder of the page. A proxy may serve it under a path of its own, such as /careline/.

/** The address of Careline's own folder, with a slash at its end. */
export const base = new URL(".", location.href);

/**
 * The address of a path as the protocol document writes it, such as "/api/questions".
 * @param {string} path
 */
export const at = (path) => new URL(path.slice(1), base);
