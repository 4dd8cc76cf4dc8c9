// The member code on a phone's screen: takes packs, picks the token by the server's time, hands it to be drawn.
export interface Token { exp: number; text: string } // exp: UNIX seconds by the server's clock
export interface Pack { server_time: number; tokens: Token[] }
export interface Platform {
  monotonic(): number; // seconds since anything, going on while the phone sleeps; never the phone's clock
  fetchPack(): Promise<Pack>; // the app's own signed-in request
  draw(text: string): void; // QR: alphanumeric, level L, version 6, dark on light, 4 modules of quiet zone
  countdown(seconds: number): void; // until the next code
  unavailable(): void; // clear the screen; "connect once to show your code"
}

export const TOKEN_S = 60, REDRAW_S = 30, LOW = 60, RETRY_S = 30, RETRY_MAX_S = 600, SLOW_S = 10;

export function choose(tokens: Token[], now: number): Token | undefined {
  return tokens.find(({ exp }) => exp - TOKEN_S <= now && now < exp);
}

export class MemberCode {
  #platform: Platform;
  #tokens: Token[] = [];
  #ahead = 0; // the server's time less the monotonic clock
  #drawn: { text: string; at: number } | undefined;
  #asking = false;
  #wait = RETRY_S;
  #askAt = -Infinity;
  #member = 0; // grows at sign-out: an answer that comes after it is another member's

  constructor(platform: Platform) { this.#platform = platform; }

  tick(): void { // once a second while the code's screen is open, and as it opens
    const at = this.#platform.monotonic();
    const now = at + this.#ahead;
    this.#tokens = this.#tokens.filter(({ exp }) => exp > now);
    if (this.#tokens.length < LOW && at >= this.#askAt) void this.refresh();
    const token = choose(this.#tokens, now);
    if (token === undefined) return this.#clear();
    if (token.text !== this.#drawn?.text || at - this.#drawn.at >= REDRAW_S) {
      this.#platform.draw(token.text);
      this.#drawn = { text: token.text, at };
    }
    this.#platform.countdown(Math.ceil(token.exp - now));
  }

  async refresh(): Promise<void> { // the app asks, too, when it comes to the front with few tokens left
    if (this.#asking) return;
    this.#asking = true;
    const member = this.#member;
    const asked = this.#platform.monotonic();
    try {
      const pack = await this.#platform.fetchPack();
      const came = this.#platform.monotonic();
      if (member !== this.#member) return;
      if (came - asked > SLOW_S) throw new Error("too slow to tell the time by");
      this.#ahead = pack.server_time - (asked + came) / 2;
      this.#tokens = [...pack.tokens].sort((one, other) => one.exp - other.exp);
      this.#wait = RETRY_S;
      this.#askAt = came + RETRY_S;
    } catch { // offline is no failure: the pack lasts
      if (member !== this.#member) return;
      this.#askAt = this.#platform.monotonic() + this.#wait;
      this.#wait = Math.min(2 * this.#wait, RETRY_MAX_S);
    } finally {
      this.#asking = false;
    }
  }

  signOut(): void {
    this.#member += 1;
    this.#tokens = [];
    this.#askAt = Infinity;
    this.#clear();
  }

  signIn(): void { this.#askAt = -Infinity; }

  #clear(): void {
    this.#drawn = undefined;
    this.#platform.unavailable();
  }
}
