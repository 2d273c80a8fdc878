// How the tokens are shown: a table for people, JSON for scripts. Fingerprints, never tokens.
import { DAY, HOUR, type Instant, MINUTE, SECOND, formatIso, formatIst } from '../core/time.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import { type Cell, type Terminal, type Tone, paint, table } from './terminal.ts';
import type { Held } from './token-sources.ts';
import {
  type JudgedToken,
  type TokenState,
  type Verdict,
  answerIn,
  depthRefusedIn,
} from './token-verdict.ts';

const HEAD = ['Token', 'State', 'Fingerprint', 'Account', 'Issued', 'Expires', 'Left'] as const;

const TONES: Readonly<Record<TokenState, Tone>> = {
  missing: 'quiet',
  malformed: 'bad',
  foreign: 'bad',
  expired: 'bad',
  refused: 'bad',
  unproven: 'quiet',
  live: 'good',
};

export function linesOf(terminal: Terminal, held: Held, verdict: Verdict): readonly string[] {
  const { now, access, refresh } = verdict;
  return [
    paint(terminal, 'strong', `App ${held.appId ?? 'not configured'}, tokens ${held.place}`),
    '',
    ...table(terminal, HEAD, [
      row('access', access, held.accessToken, now),
      row('refresh', refresh, held.refreshToken, now),
    ]),
    '',
    ...[...held.notices, ...held.problems],
    ...answerLines(terminal, access),
    sessionLine(terminal, verdict),
    paint(
      terminal,
      'quiet',
      "Times are the tokens' own, decoded without verifying; only the broker's answer proves one.",
    ),
  ];
}

export function jsonOf(held: Held, verdict: Verdict): string {
  const { now, session, access, refresh, good } = verdict;
  return JSON.stringify(
    {
      good,
      place: held.place,
      appId: held.appId,
      session: {
        date: session.date,
        opensAt: formatIso(session.opensAt),
        closesAt: formatIso(session.closesAt),
        certainty: session.certainty,
      },
      signaturesVerified: false,
      accessToken: {
        ...fields(access, held.accessToken, now),
        proof: access.proof?.kind ?? null,
        answer: answerIn(access),
        depthRefused: depthRefusedIn(access),
      },
      refreshToken: fields(refresh, held.refreshToken, now),
      notices: held.notices,
      problems: held.problems,
    },
    null,
    2,
  );
}

function row(
  name: string,
  { state, claims }: JudgedToken,
  token: string | null,
  now: Instant,
): readonly Cell[] {
  const quiet = (text: string | null | undefined): Cell => ({ text: text ?? '-' });
  return [
    quiet(name),
    { text: state, tone: TONES[state] },
    quiet(token === null ? null : displayFingerprint(token)),
    quiet(claims?.fyId),
    quiet(claims === null ? null : formatIst(claims.issuedAt)),
    quiet(claims === null ? null : formatIst(claims.expiresAt)),
    quiet(claims === null ? null : timeLeft(claims.expiresAt - now)),
  ];
}

function fields({ state, claims }: JudgedToken, token: string | null, now: Instant) {
  return {
    state,
    fingerprint: token === null ? null : displayFingerprint(token),
    account: claims?.fyId ?? null,
    issuedAt: claims === null ? null : formatIso(claims.issuedAt),
    expiresAt: claims === null ? null : formatIso(claims.expiresAt),
    leftSeconds:
      claims === null ? null : Math.max(0, Math.floor((claims.expiresAt - now) / SECOND)),
  };
}

/** The broker's own words, where it did not simply say yes. */
function answerLines(terminal: Terminal, access: JudgedToken): readonly string[] {
  const [answer, depth] = [answerIn(access), depthRefusedIn(access)];
  return [
    ...(answer === null ? [] : [paint(terminal, 'bad', `Fyers' answer: ${answer}`)]),
    ...(depth === null ? [] : [paint(terminal, 'bad', `Market depth is refused: ${depth}`)]),
  ];
}

function sessionLine(terminal: Terminal, { session, access, lasts, good }: Verdict): string {
  const when = `The coming session, ${formatIst(session.opensAt)} to ${formatIst(session.closesAt)}`;
  const proof = access.state === 'live' ? 'proven by one live read' : 'by its own word';
  const alive = access.state === 'live' || access.state === 'unproven';
  const how = good
    ? `the access token is good for it, ${proof}.`
    : alive && !lasts
      ? 'the access token ends before its close.'
      : depthRefusedIn(access) !== null
        ? 'the access token is live, and `fyers harvest` cannot record with it.'
        : alive
          ? 'the access token lasts, and could not be proven.'
          : 'there is no access token for it.';
  return `${when}: ${paint(terminal, good ? 'good' : 'bad', how)}`;
}

/** `2 d 03 h`, `12 h 05 min`, `4 min`; `none` when it is over. */
function timeLeft(ms: number): string {
  if (ms <= 0) return 'none';
  const padded = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const [days, hours, minutes] = [ms / DAY, (ms % DAY) / HOUR, (ms % HOUR) / MINUTE];
  if (days >= 1) return `${String(Math.floor(days))} d ${padded(hours)} h`;
  if (hours >= 1) return `${String(Math.floor(hours))} h ${padded(minutes)} min`;
  return `${String(Math.floor(minutes))} min`;
}
