// The calls to a sandbox that the tests make.

export class Sandbox {
  constructor(url) {
    this.url = url;
  }

  async ask(method, path, body) {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${response.status} ${method} ${path}: ${answer.message}`);
    return answer;
  }

  /** Gives all items of a list that is read page by page, the oldest first. */
  async all(path) {
    const items = [];
    for (let more = true; more;) {
      const page = await this.ask("GET", `${path}?limit=200&after_id=${items.at(-1)?.id ?? 0}`);
      items.push(...page.items);
      more = page.has_more;
    }
    return items;
  }

  /** Cancels the reminders that a new sandbox has. */
  async cancelSamples() {
    const { items } = await this.ask("GET", "/api/reminders?limit=200");
    for (const { id } of items) await this.ask("DELETE", `/api/reminders/${id}`);
  }

  /** Moves the clock; a long way takes several calls. */
  async moveTo(to) {
    while (!(await this.ask("POST", "/sandbox/clock", { to })).reached);
  }

  async restart() {
    await this.ask("POST", "/sandbox/restart");
  }

  async now() {
    return (await this.ask("GET", "/sandbox")).now;
  }
}

/** Waits until something holds. */
export async function until(holds, what) {
  for (const end = Date.now() + 20_000; !holds();) {
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
