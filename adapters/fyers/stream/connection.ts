// Holds one WebSocket to a stream of Fyers and opens it again after a failure. It has no timers: the
// feed calls `step` between slots, so a virtual clock drives every deadline. A connection is
// waiting (for a token, or for the end of the back-off), connecting (until the stream accepts the
// login), open, or closing. Each rule prevents a known fault of recorders: the token is read again
// for each connection; a stream that does not accept the login within 15 s, or from which neither
// data nor a pong came for 15 s, is closed; the delay grows from 1 s to 60 s and starts over only
// after a minute of delivery, because a server may accept and close at once; after "too many
// requests" and refusals it is at least a minute; and the old socket is closed before the new one
// opens.
import WebSocket from 'ws';
import type { HoleReason } from '../../../core/recording/coverage.ts';
import { toError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/ports.ts';
import { type Instant, MINUTE, plus, SECOND } from '../../../core/time.ts';

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The protocol of one socket. */
export interface Wire {
  /** Returns null if there is no token. */
  readonly target: () => Promise<Target | null>;
  readonly opened: () => void;
  /** Returns true if the frame is data. */
  readonly frame: (bytes: Uint8Array, receivedAt: Instant) => boolean;
  readonly text: (text: string) => void;
  /** Drops the books and subscriptions of the closed connection. */
  readonly dropState: () => void;
  readonly ping: string | Uint8Array;
}

interface ConnectionEvents {
  readonly opened: () => void;
  /** @property detail for a log; it never contains the token */
  readonly closed: (detail: string) => void;
}

type State = 'waiting' | 'connecting' | 'open' | 'closing';

const ACCEPT_WITHIN_MS = 15 * SECOND;
const LIFE_WITHIN_MS = 15 * SECOND;
const PING_INTERVAL_MS = 10 * SECOND;
const CLOSE_WITHIN_MS = 5 * SECOND;
const MIN_DELAY_MS = SECOND;
const MAX_DELAY_MS = MINUTE;
const REFUSED_DELAY_MS = MINUTE;
const PROVEN_AFTER_MS = MINUTE;
/** Far larger than a frame of all topics. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;
const TOO_MANY_REQUESTS = 429;

export interface ConnectionOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly wire: Wire;
  readonly events: ConnectionEvents;
  /** From 0 to 1. */
  readonly random: () => number;
}

export class StreamConnection implements AsyncDisposable {
  readonly #options: ConnectionOptions;
  #state: State = 'waiting';
  #socket: WebSocket | null = null;
  #since: Instant;
  #retryAt: Instant;
  #livedAt: Instant;
  #pingedAt: Instant;
  #steppedAt: Instant;
  #deliversSince: Instant | null = null;
  #failures = 0;
  #minDelayMs = 0;
  #problem: HoleReason = 'socket-closed';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const now = options.clock.now();
    [this.#since, this.#retryAt, this.#livedAt, this.#pingedAt] = [now, now, now, now];
    this.#steppedAt = now;
  }

  /** True once the connection is open or an attempt failed, so that the next one may begin. */
  get hasSettled(): boolean {
    return this.#state === 'open' || this.#failures > 0;
  }

  /** Why the books of this connection cannot be used at an instant; null if they can. */
  problemAt(at: Instant): HoleReason | null {
    if (this.#state !== 'open') return this.#problem;
    return at - this.#livedAt > LIFE_WITHIN_MS ? 'silent' : null;
  }

  /** Valid only while the connection is open. */
  get openedAt(): Instant {
    return this.#since;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Call this if the stream accepts the login: symbols may then be subscribed. */
  accept(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#since = this.#options.clock.now();
    this.#options.events.opened();
  }

  /** Call this if the stream refuses the token, the app or the symbols. */
  refuse(detail: string): void {
    this.#minDelayMs = REFUSED_DELAY_MS;
    this.close('stream-refused', detail);
  }

  send(message: string | Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  /** Performs the steps that are due; call it every second. */
  step(): void {
    const now = this.#options.clock.now();
    this.#followClock(now);
    switch (this.#state) {
      case 'waiting':
        if (now >= this.#retryAt) void this.#connect();
        break;
      case 'connecting':
        if (now - this.#since >= ACCEPT_WITHIN_MS) this.close('socket-closed', 'not accepted');
        break;
      case 'closing':
        if (now - this.#since >= CLOSE_WITHIN_MS) this.#socket?.terminate();
        break;
      case 'open':
        if (now - this.#livedAt > LIFE_WITHIN_MS) this.close('silent', 'neither data nor a pong');
        else if (now - this.#pingedAt >= PING_INTERVAL_MS) this.#ping(now);
    }
  }

  close(problem: HoleReason, detail: string): void {
    if (this.#state === 'waiting' || this.#state === 'closing') return;
    // Before the state changes: `dropState` first samples the slots until now, and for these the
    // connection was open.
    this.#options.wire.dropState();
    this.#problem = problem;
    this.#state = 'closing';
    this.#since = this.#options.clock.now();
    this.#options.events.closed(detail);
    if (this.#socket === null) this.#wait();
    else this.#socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    this.close('socket-closed', 'the session is over');
    // Terminate, because the process would otherwise wait for the server to close.
    socket?.terminate();
    await Promise.resolve();
  }

  async #connect(): Promise<void> {
    const { clock, wire } = this.#options;
    this.#state = 'connecting';
    [this.#since, this.#minDelayMs, this.#deliversSince] = [clock.now(), 0, null];
    const begun = this.#since;
    const target = await wire.target().catch((caught: unknown) => toError(caught));
    // The answer was slow, and this connection was given up in the meantime.
    if (this.#since !== begun) return;
    if (target === null) {
      [this.#state, this.#problem] = ['waiting', 'no-token'];
      this.#retryAt = plus(clock.now(), SECOND);
      return;
    }
    if (target instanceof Error) {
      this.close('socket-closed', target.message);
      return;
    }
    try {
      this.#listen(
        new WebSocket(target.url, {
          headers: target.headers,
          perMessageDeflate: false,
          maxPayload: MAX_FRAME_BYTES,
          handshakeTimeout: ACCEPT_WITHIN_MS,
        }),
      );
    } catch (caught) {
      this.close('socket-closed', toError(caught).message);
    }
  }

  #listen(socket: WebSocket): void {
    const { clock, wire } = this.#options;
    this.#socket = socket;
    const lived = (): void => {
      this.#livedAt = clock.now();
    };
    socket.on('open', () => {
      lived();
      this.#pingedAt = clock.now();
      wire.opened();
    });
    socket.on('pong', lived);
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.#socket !== socket || this.#state === 'closing') return;
      lived();
      if (!isBinary) wire.text(data.toString('utf8'));
      else if (wire.frame(data, clock.now())) this.#deliversSince ??= clock.now();
    });
    socket.on('unexpected-response', (request, { statusCode = 0 }) => {
      if (statusCode === TOO_MANY_REQUESTS) this.#minDelayMs = REFUSED_DELAY_MS;
      const refused = statusCode === 401 || statusCode === 403;
      const detail = `HTTP ${String(statusCode)}`;
      if (refused) this.refuse(detail);
      else this.close('socket-closed', detail);
      request.destroy();
      socket.terminate();
    });
    socket.on('error', ({ message }) => {
      this.close('socket-closed', message);
    });
    socket.on('close', (code) => {
      this.close('socket-closed', `code ${String(code)}`);
      this.#socket = null;
      this.#wait();
    });
  }

  #wait(): void {
    const { clock, random } = this.#options;
    const now = clock.now();
    const isProven = this.#deliversSince !== null && now - this.#deliversSince >= PROVEN_AFTER_MS;
    this.#failures = isProven ? 1 : this.#failures + 1;
    const longest = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** this.#failures);
    const delay = MIN_DELAY_MS + random() * (longest - MIN_DELAY_MS);
    this.#retryAt = plus(now, Math.round(Math.max(delay, this.#minDelayMs)));
    this.#state = 'waiting';
  }

  /** If the clock was set back, every deadline moves with it. */
  #followClock(now: Instant): void {
    const back = Math.max(0, this.#steppedAt - now);
    this.#steppedAt = now;
    if (back === 0) return;
    this.#since = plus(this.#since, -back);
    this.#retryAt = plus(this.#retryAt, -back);
    this.#livedAt = plus(this.#livedAt, -back);
    this.#pingedAt = plus(this.#pingedAt, -back);
    if (this.#deliversSince !== null) this.#deliversSince = plus(this.#deliversSince, -back);
  }

  #ping(now: Instant): void {
    this.#pingedAt = now;
    this.send(this.#options.wire.ping);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.ping();
  }
}
