// Hands what the sockets of a day receive to the store of frames: every data frame, also one that
// cannot be read, because it is evidence, and marks for what a reader of the frames must know: a
// connection was accepted, it was closed, a frame could not be read. Logins and their answers are
// not stored, and a frame that contains the token or the key of the login is withheld and counted.
import type { Clock, FrameSink } from '../../../core/ports.ts';
import type { HsmLogin } from '../../../core/stream/hsm-fields.ts';
import type { Instant } from '../../../core/time.ts';

/** What happens on one socket. */
export interface FrameEvents {
  /** @param login the answer of HSM, which its frames cannot be read without */
  readonly accepted: (login?: HsmLogin) => void;
  /** Called for each data frame, before it is applied. */
  readonly received: (bytes: Uint8Array, receivedAt: Instant) => void;
  /** The last frame is cut or foreign. */
  readonly unreadable: (receivedAt: Instant) => void;
}

interface FrameStoreOptions {
  /** Null: frames are not stored. */
  readonly sink: FrameSink | null;
  readonly clock: Pick<Clock, 'now'>;
  /** Texts that no stored frame may contain; another list if there are more. */
  readonly secrets: () => readonly string[];
}

/** @param socket its number in the log of frames */
export function storeFrames(
  { sink, clock, secrets }: FrameStoreOptions,
  socket: number,
  name: string,
): FrameEvents & { readonly closed: () => void } {
  let known: { readonly texts: readonly string[]; readonly needles: readonly Buffer[] } | null =
    null;
  const needles = (): readonly Buffer[] => {
    const texts = secrets();
    if (known?.texts !== texts) known = { texts, needles: texts.map((each) => Buffer.from(each)) };
    return known.needles;
  };
  return {
    accepted(login) {
      const form =
        login === undefined
          ? {}
          : {
              login: {
                acknowledgeEvery: login.acknowledgeEvery,
                liteCounts: login.map === null ? null : { ...login.map.liteCounts },
              },
            };
      sink?.mark(socket, clock.now(), { mark: 'opened', name, ...form });
    },
    received(bytes, receivedAt) {
      if (sink === null) return;
      const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      if (needles().some((secret) => frame.includes(secret))) {
        sink.lose(1, `a frame of ${name} contains the token`);
      } else sink.frame(socket, receivedAt, bytes);
    },
    unreadable(receivedAt) {
      sink?.mark(socket, receivedAt, { mark: 'bad-frame' });
    },
    closed() {
      sink?.mark(socket, clock.now(), { mark: 'closed' });
    },
  };
}
