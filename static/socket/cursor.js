// How far a connection has seen a stream that has ids: the messages of a question, or the notifications of a user.

const REPLAY_LIMIT = 500; // what the server sends at most after a join with after_id

export class Cursor {
  /** The id up to which nothing is missing. */
  id;
  #replay = null;

  constructor(id = 0) {
    this.id = id;
  }

  /**
   * The answer to a join or bind that sent `after_id` came.
   * `readPage(afterId)` reads the next items over HTTP; `done(count, latestId)` is called when nothing is missing any more.
   */
  answered(latestId, hasMore, readPage, done) {
    this.#replay = { latestId, hasMore, readPage, done, count: 0, live: 0 };
    if (latestId <= this.id) this.#finish();
  }

  /** An item with that id came over the socket. */
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
    if (id === replay.latestId) this.#finish();
    else if (replay.hasMore && replay.count === REPLAY_LIMIT) this.#readTheRest(replay);
  }

  async #readTheRest(replay) {
    for (;;) {
      const { items, has_more: more } = await replay.readPage(this.id);
      if (this.#replay !== replay) return; // the connection started anew meanwhile
      const missed = items.filter((item) => item.id <= replay.latestId);
      replay.count += missed.length;
      if (missed.length > 0) this.id = missed.at(-1).id;
      if (!more || missed.length < items.length) break;
    }
    this.#finish();
  }

  #finish() {
    const { count, latestId, live, done } = this.#replay;
    this.#replay = null;
    this.id = Math.max(this.id, live);
    done(count, latestId);
  }
}
