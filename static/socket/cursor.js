// How far a connection has seen a stream that has ids: the messages of a question, or the notifications of a user.

const REPLAY_LIMIT = 500; // what the server sends at most after a join with after_id

/**
 * @typedef {{id: number}} Item
 * @typedef {(afterId: number) => Promise<{items: Item[], has_more: boolean}>} ReadPage
 * @typedef {(count: number, latestId: number) => void} Done
 * @typedef {object} Replay a catch-up that is under way
 * @property {number} latestId
 * @property {boolean} hasMore
 * @property {ReadPage} readPage
 * @property {Done} done
 * @property {number} count of items so far
 * @property {number} live the newest id that came after latestId
 */

export class Cursor {
  /** The id up to which nothing is missing. */
  id;
  /** @type {Replay | null} */
  #replay = null;

  constructor(id = 0) {
    this.id = id;
  }

  /**
   * The answer to a join or bind that sent `after_id` came.
   * @param {number} latestId
   * @param {boolean} hasMore
   * @param {ReadPage} readPage reads the next items over HTTP
   * @param {Done} done is called when nothing is missing any more
   */
  answered(latestId, hasMore, readPage, done) {
    const replay = { latestId, hasMore, readPage, done, count: 0, live: 0 };
    this.#replay = replay;
    if (latestId <= this.id) this.#finish(replay);
  }

  /**
   * An item with that id came over the socket.
   * @param {number} id
   */
  arrived(id) {
    const replay = this.#replay;
    if (replay === null) {
      this.id = Math.max(this.id, id);
      return;
    }
    if (id > replay.latestId) {
      replay.live = Math.max(replay.live, id); // the cursor waits until the gap before it is filled
      return;
    }
    this.id = Math.max(this.id, id);
    replay.count += 1;
    if (id === replay.latestId) this.#finish(replay);
    else if (replay.hasMore && replay.count === REPLAY_LIMIT) this.#readTheRest(replay);
  }

  /** @param {Replay} replay */
  async #readTheRest(replay) {
    for (;;) {
      const { items, has_more: more } = await replay.readPage(this.id);
      if (this.#replay !== replay) return; // the connection started anew meanwhile
      const missed = items.filter((item) => item.id <= replay.latestId);
      replay.count += missed.length;
      this.id = missed.at(-1)?.id ?? this.id;
      if (!more || missed.length < items.length) break;
    }
    this.#finish(replay);
  }

  /** @param {Replay} replay */
  #finish({ count, latestId, live, done }) {
    this.#replay = null;
    this.id = Math.max(this.id, live);
    done(count, latestId);
  }
}
