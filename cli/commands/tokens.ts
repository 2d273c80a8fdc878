// Checks whether there is a token for the coming session, and prints it as a table or JSON with fingerprints instead
// of tokens (`./fyers tokens`).
import type { Command } from 'commander';
import { clockError, clockFaultWords } from '../../core/clock-faults.ts';
import { FyersError } from '../../core/errors.ts';
import { DAY, formatIso, formatIst, HOUR, type Instant, MINUTE, SECOND } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import type { Session } from '../shared/io.ts';
import { clockCheck } from '../shared/settings.ts';
import { type Cell, paint, table, type Terminal } from '../shared/terminal.ts';
import {
  answerIn,
  depthRefusedIn,
  fromFiles,
  fromParameters,
  type TokenSource,
  judge,
  type JudgedToken,
  loginHelpsFrom,
  mayBeProven,
  prove,
  TOKEN_TONES,
  type Verdict,
} from '../shared/tokens.ts';
import { unprovenError } from './login/mint.ts';

interface TokensOptions {
  readonly dir: string;
  readonly useSsm?: true;
  readonly suffix?: string;
  readonly offline?: true;
  readonly json?: true;
}

export function addTokens(program: Command, session: Session): void {
  program
    .command('tokens')
    .description('Check whether a token next to .env or in AWS is good for the coming session.')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--use-ssm', 'check the parameters in AWS instead of the token files')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--offline', 'send no request to the broker')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Times come from the tokens themselves, decoded without verifying. One live read at the broker proves a token, unless
--offline. Tokens are only shown as fingerprints.

The coming session is the running one, or after its close that of the next trading day. Exits with 0 if the access token
lasts until that session's end and was proven live; with --offline its own claims are enough. Exits with 2 if not, and 3
if the broker could not be reached to prove it.

Examples:
  $ ./fyers tokens
  $ ./fyers tokens --use-ssm --json | jq .good`,
    )
    .action((options: TokensOptions) => tokens(session, options));
}

async function tokens(session: Session, options: TokensOptions): Promise<void> {
  const { io } = session;
  const held = await (options.useSsm === true
    ? fromParameters(session, options)
    : fromFiles(session, options));
  const now = io.clock.now();
  const offline = options.offline === true;
  const check = clockCheck(io.clock);
  check.onToken(held.accessToken);
  check.onToken(held.refreshToken);
  const mayLive = [now, check.rightTime()].some((at) => mayBeProven(held, at));
  const proof = !offline && mayLive ? await prove(session, held, check.onServerTime) : null;
  const judgedAt = (at: Instant): Verdict => judge(held, { now: at, proof, offline });
  const first = judgedAt(now);
  const fault = check.fault();
  const verdict = fault === null || first.good ? first : judgedAt(check.rightTime());
  const notices = fault === null ? [] : [clockFaultWords(fault)];
  const shown = { ...held, notices: [...held.notices, ...notices] };
  // Report the clock only if it changes the verdict.
  const clockDecides = fault !== null && dependsOnClock(first) && !dependsOnClock(verdict);
  const error = clockDecides ? clockError(fault) : errorUnlessGood(held, verdict);
  if (options.json === true) io.out(jsonOf(shown, verdict));
  else for (const line of linesOf(io, shown, { verdict, error })) io.out(line);
  if (error !== null) throw error;
}

/** True if the token is judged not good for a reason that depends on the clock. */
function dependsOnClock({ access, lasts }: Verdict): boolean {
  return access.state === 'malformed' || access.state === 'expired' || !lasts;
}

/** The verdict of a token that is not good; null for a good one. */
function errorUnlessGood(held: TokenSource, verdict: Verdict): FyersError | null {
  if (verdict.good) return null;
  const { proof } = verdict.access;
  if (proof !== null && proof.kind !== 'live' && proof.kind !== 'dead') {
    return unprovenError(proof, 'tokens');
  }
  if (held.problems.length > 0) {
    return new FyersError('operator.token-file', held.problems.join(' '), held.nextStep);
  }
  const from = loginHelpsFrom(verdict);
  return new FyersError(
    'operator.credentials',
    `No access token is good for the session of ${verdict.session.date}: ${reasonOf(verdict)}.`,
    from === null
      ? held.nextStep
      : `Wait until ${formatIst(from)}: a token of an earlier login ends before that session (\`./fyers tokens\` shows it). ${held.nextStep}`,
  );
}

function reasonOf({ access, lasts }: Verdict): string {
  const isAlive = access.state === 'live' || access.state === 'unproven';
  if (isAlive && !lasts) return 'the stored token ends before the close';
  if (depthRefusedIn(access) !== null)
    return 'the stored token is live, but `./fyers harvest` cannot record with it';
  return access.state === 'missing' ? 'no token is stored' : `the stored token is ${access.state}`;
}

const HEAD = ['Token', 'State', 'Fingerprint', 'Account', 'Issued', 'Expires', 'Left'] as const;

interface Judged {
  readonly verdict: Verdict;
  /** Printed after the table. It contains the verdict, so the table does not repeat it. */
  readonly error: FyersError | null;
}

function linesOf(
  terminal: Terminal,
  held: TokenSource,
  { verdict, error }: Judged,
): readonly string[] {
  const { now, access, refresh } = verdict;
  return [
    paint(terminal, 'strong', `App ${held.appId ?? 'not configured'}, tokens ${held.place}`),
    '',
    ...table(terminal, HEAD, [
      row('access', access, held.accessToken, now),
      row('refresh', refresh, held.refreshToken, now),
    ]),
    '',
    ...[...held.notices, ...held.problems].filter((text) => error?.message.includes(text) !== true),
    ...answerLines(terminal, access),
    sessionLine(terminal, verdict),
    paint(
      terminal,
      'quiet',
      "The times are the tokens' own claims, not verified; only the broker's answer proves a token.",
    ),
  ];
}

function jsonOf(held: TokenSource, verdict: Verdict): string {
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
        ...tokenFields(access, held.accessToken, now),
        proof: access.proof?.kind ?? null,
        answer: answerIn(access),
        depthRefused: depthRefusedIn(access),
      },
      refreshToken: tokenFields(refresh, held.refreshToken, now),
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
    { text: state, tone: TOKEN_TONES[state] },
    quiet(token === null ? null : displayFingerprint(token)),
    quiet(claims?.fyId),
    quiet(claims === null ? null : formatIst(claims.issuedAt)),
    quiet(claims === null ? null : formatIst(claims.expiresAt)),
    quiet(claims === null ? null : timeLeft(claims.expiresAt - now)),
  ];
}

function tokenFields({ state, claims }: JudgedToken, token: string | null, now: Instant) {
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

/** The broker's own words, unless the token was simply accepted. */
function answerLines(terminal: Terminal, access: JudgedToken): readonly string[] {
  const [answer, depth] = [answerIn(access), depthRefusedIn(access)];
  return [
    ...(answer === null ? [] : [paint(terminal, 'bad', `Fyers' answer: ${answer}`)]),
    ...(depth === null ? [] : [paint(terminal, 'bad', `Market depth is refused: ${depth}`)]),
  ];
}

function sessionLine(terminal: Terminal, { session, access, good }: Verdict): string {
  const when = `The coming session is ${formatIst(session.opensAt)} to ${formatIst(session.closesAt)}`;
  if (!good) return `${when}.`;
  const proof = access.state === 'live' ? 'proven by one live read' : 'by its own claims';
  return `${when}: ${paint(terminal, 'good', `the access token is good for it, ${proof}.`)}`;
}

/** `2 d 03 h`, `12 h 05 min`, `4 min`; `none` after the end. */
function timeLeft(ms: number): string {
  if (ms <= 0) return 'none';
  const padded = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const [days, hours, minutes] = [ms / DAY, (ms % DAY) / HOUR, (ms % HOUR) / MINUTE];
  if (days >= 1) return `${String(Math.floor(days))} d ${padded(hours)} h`;
  if (hours >= 1) return `${String(Math.floor(hours))} h ${padded(minutes)} min`;
  return `${String(Math.floor(minutes))} min`;
}
