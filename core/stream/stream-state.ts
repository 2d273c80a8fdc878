// Reconstructs the state of a stream's sockets, as the recorder had it, from the records of its
// frame log. A connection begins with empty books. A recorder that was killed leaves connections
// without an end; the next recorder's first mark ends them.
import { type FrameRecord, parseMark, receivedInstant } from './frame-log.ts';
import { HSM_TYPES } from './hsm-frame.ts';
import { type HsmTopics, startHsmTopics } from './hsm-topics.ts';
import { startTbtBooks, type TbtBooks } from './tbt-books.ts';
import { decodeTbtFrame, type TbtMessage } from './tbt-frame.ts';

export const HSM_SOCKET = 0;

/**
 * The effect of a record. opened, closed: a connection begins or ends · began: a recorder begins,
 * so every connection has ended · unreadable: a frame could not be applied, and may have been for
 * any book of the socket · lost: frames of any socket are missing · none: no effect on books.
 */
export type StateChange =
  | { readonly kind: 'opened' | 'closed' | 'began' | 'unreadable' | 'lost' | 'none' }
  | {
      readonly kind: 'tbt';
      readonly message: TbtMessage;
      readonly applied: ReturnType<TbtBooks['apply']>;
    }
  | {
      readonly kind: 'hsm';
      readonly items: NonNullable<ReturnType<HsmTopics['apply']>>['items'];
    };

export interface StreamState {
  apply(record: FrameRecord): StateChange;
  /** Call this where records are missing: each book and topic then waits for its next snapshot. */
  interrupt(): void;
  /** By socket. */
  readonly tbt: ReadonlyMap<number, TbtBooks>;
  /** Returns null if HSM is not connected. */
  readonly hsm: () => HsmTopics | null;
}

type TopicOptions = Parameters<typeof startHsmTopics>[0];

export function startStreamState(): StreamState {
  const tbt = new Map<number, TbtBooks>();
  let login: TopicOptions | null = null;
  let hsm: HsmTopics | null = null;
  const interrupt = (): void => {
    for (const books of tbt.values()) books.distrust();
    // Keep no topic, because after the missing records a topic may have another number.
    hsm = login === null ? null : startHsmTopics(login);
  };
  const applyMark = ({ socket, bytes }: FrameRecord): StateChange => {
    const mark = parseMark(bytes);
    if (mark?.mark === 'lost') {
      interrupt();
      return { kind: 'lost' };
    }
    if (mark?.mark === 'began') {
      tbt.clear();
      [login, hsm] = [null, null];
      return { kind: 'began' };
    }
    if (mark?.mark !== 'opened' && mark?.mark !== 'closed') return NONE;
    tbt.delete(socket);
    if (socket === HSM_SOCKET) [login, hsm] = [null, null];
    if (mark.mark === 'closed') return { kind: 'closed' };
    if (mark.login === undefined) tbt.set(socket, startTbtBooks());
    else {
      login = topicOptions(mark.login);
      hsm = startHsmTopics(login);
    }
    return { kind: 'opened' };
  };
  return {
    apply(record) {
      const { socket, kind, bytes } = record;
      if (kind === 'mark') return applyMark(record);
      if (socket === HSM_SOCKET) {
        // Other types change no topic, and the recorder does not read them either.
        if (hsm === null || bytes[2] !== HSM_TYPES.data) return NONE;
        const applied = hsm.apply(bytes, receivedInstant(record));
        return applied === null ? UNREADABLE : { kind: 'hsm', items: applied.items };
      }
      const books = tbt.get(socket);
      if (books === undefined) return NONE;
      const message = decodeTbtFrame(bytes);
      if (message === null) {
        books.distrust();
        return UNREADABLE;
      }
      return { kind: 'tbt', message, applied: books.apply(message, receivedInstant(record)) };
    },
    interrupt,
    tbt,
    hsm: () => hsm,
  };
}

const NONE: StateChange = { kind: 'none' };
const UNREADABLE: StateChange = { kind: 'unreadable' };

interface LoginForm {
  readonly acknowledgeEvery: number;
  readonly liteCounts: Readonly<Record<string, number | null>> | null;
}

function topicOptions({ acknowledgeEvery, liteCounts }: LoginForm): TopicOptions {
  if (liteCounts === null) return { acknowledgeEvery, map: null };
  const { dp = null, sf = null, if: index = null } = liteCounts;
  return { acknowledgeEvery, map: { liteCounts: { dp, sf, if: index }, changed: [] } };
}
