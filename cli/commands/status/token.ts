// Judges the stored token as `fyers tokens --use-ssm` does.
import { nextSession } from '../../../core/market/calendar.ts';
import { formatIst } from '../../../core/time.ts';
import { displayFingerprint } from '../../../core/token/digest.ts';
import {
  answerIn,
  depthRefusedIn,
  fromParameters,
  type TokenSource,
  judge,
  loginHelpsFrom,
  mayBeProven,
  type TokenStatus,
  type Verdict,
} from '../../shared/tokens.ts';
import { prove } from '../tokens.ts';
import type { Tone } from '../../shared/terminal.ts';
import type { Looking, Finding } from './said.ts';

const TONES: Readonly<Record<TokenStatus, Tone>> = {
  missing: 'bad',
  malformed: 'bad',
  foreign: 'bad',
  expired: 'bad',
  refused: 'bad',
  unproven: 'quiet',
  live: 'good',
};

export interface Judged {
  readonly held: TokenSource;
  readonly verdict: Verdict;
}

interface Where {
  readonly suffix?: string;
  readonly offline: boolean;
}

/** Errors: those of every AWS call by the operator, and `operator.config`. */
export async function judgeStored(
  { session, now }: Looking,
  { offline, ...where }: Where,
): Promise<Judged> {
  const held = await fromParameters(session, { dir: '.', ...where });
  const view = { account: held.account, now, session: nextSession(now, held.calendar) };
  const asks = !offline && mayBeProven(held.accessToken, view);
  const proof = asks ? await prove(session, held) : null;
  return { held, verdict: judge(held, { ...view, proof, offline }) };
}

/** @param asksAt the keeper's next run as text, or null */
export function checkToken({ held, verdict }: Judged, asksAt: string | null): Finding {
  const { access, session, good } = verdict;
  const token = held.accessToken;
  const fingerprint = token === null ? null : displayFingerprint(token);
  const [answer, depth] = [answerIn(access), depthRefusedIn(access)];
  const silent = access.state === 'unproven' && access.proof !== null;
  return {
    part: 'token',
    state: access.state,
    tone: good ? 'good' : TONES[access.state],
    detail: [
      ...(fingerprint === null ? [] : [fingerprint]),
      ...(access.claims === null ? [] : [`valid until ${formatIst(access.claims.expiresAt)}`]),
      STATUS_TEXTS[access.state] ?? (silent ? 'not proven' : 'by its own word'),
      ...(answer === null ? [] : [answer]),
      ...(depth === null ? [] : [`market depth is refused: ${depth}`]),
      `${good ? 'good' : 'not good'} for the session of ${session.date}`,
    ].join(', '),
    todo: good || silent ? [] : [nextStepFor(verdict, asksAt)],
    ...(silent ? { unread: 'broker' as const } : {}),
    facts: {
      good,
      fingerprint,
      expiresAt: access.claims === null ? null : formatIst(access.claims.expiresAt),
      proof: access.proof?.kind ?? null,
      session: session.date,
    },
  };
}

const STATUS_TEXTS: Readonly<Partial<Record<TokenStatus, string>>> = {
  live: 'proven by one live read',
  refused: 'Fyers refuses it',
  missing: 'no token is stored',
  malformed: 'it is not an access token for today',
  foreign: 'it belongs to another Fyers account',
  expired: 'it is over',
};

function nextStepFor(verdict: Verdict, asksAt: string | null): string {
  if (depthRefusedIn(verdict.access) !== null) {
    return 'Give the app the permission "Market Data" at https://myapi.fyers.in/dashboard, then log in again: `./fyers login --aws --again`.';
  }
  const from = loginHelpsFrom(verdict);
  const link =
    asksAt === null
      ? 'Log in'
      : `The keeper runs again on ${asksAt}; press the link that it sends, or log in before that`;
  const when = from === null ? '' : ` (from ${formatIst(from)} on)`;
  return `No token is good for the session of ${verdict.session.date}. ${link}${when}: \`./fyers login --aws\`.`;
}
