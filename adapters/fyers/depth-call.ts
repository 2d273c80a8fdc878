// One call for one symbol's book: the book, or why there is none.
import {
  type AnswerMoment,
  type DepthReading,
  readDepthAnswer,
} from '../../core/depth/depth-answer.ts';
import { type Refusal, refusalOf } from './depth-refusal.ts';
import { type FyersReply, callFyers } from './http.ts';

export interface DepthCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  readonly symbol: string;
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** When the answer came; asked as it comes. */
  readonly moment: () => AnswerMoment;
  /** What was answered, before anything is made of it. */
  readonly onReply?: (reply: FyersReply) => void;
}

export type DepthAnswer =
  ({ readonly kind: 'book' } & DepthReading) | ({ readonly kind: 'hole' } & Refusal);

/** @throws only the signal's own reason */
export async function askForBook(call: DepthCall): Promise<DepthAnswer> {
  const { apiUrl, symbol, authorization, timeoutMs, signal } = call;
  const query = new URLSearchParams({ symbol, ohlcv_flag: '1' });
  const url = `${apiUrl}/data/depth?${query.toString()}`;
  const reply = await callFyers({ url, method: 'GET', authorization, timeoutMs, signal });
  call.onReply?.(reply);
  const reading =
    reply.kind === 'answered' && reply.status === 200
      ? readDepthAnswer(symbol, reply.body, call.moment())
      : null;
  return reading === null
    ? { kind: 'hole', ...refusalOf(reply, authorization.split(':')) }
    : { kind: 'book', ...reading };
}
