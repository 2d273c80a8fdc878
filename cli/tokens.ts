// `npx fyers tokens`: is there a token for the coming session?
import type { Command } from 'commander';
import { parseAccessToken, parseAppId } from '../core/config.ts';
import { clockError, clockFaultWords } from '../core/clock-fault.ts';
import { FyersError } from '../core/errors.ts';
import { nextSession } from '../core/market/calendar.ts';
import type { Proof } from '../core/ports.ts';
import { type Instant, formatIst } from '../core/time.ts';
import { type ClockCheck, clockCheck } from './clock-check.ts';
import type { Session } from './io.ts';
import { valueOrStop } from './settings.ts';
import { unprovenError } from './login-mint.ts';
import { type Held, fromFiles, fromParameters } from './token-sources.ts';
import { type Verdict, type View, judge, loginHelpsFrom, mayBeProven } from './token-verdict.ts';
import { jsonOf, linesOf } from './token-report.ts';

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
    .description(
      'The tokens beside .env or in AWS, and whether one is good for the coming session.',
    )
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--use-ssm', 'the parameters in AWS instead of the token files')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--offline', 'ask the broker nothing')
    .option('--json', 'for scripts')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
Times come from the tokens themselves, decoded without verifying. What proves a token is the broker's answer to one live
read, unless --offline. Tokens are shown as fingerprints, never themselves.

Exits with 0 when the access token outlives the coming session (during one, that one; after its close, the next trading
day's) and was proven live, or with --offline says so of itself. Exits with 2 when it doesn't, and with 3 when the broker
cannot be reached to prove it.

Examples:
  $ npx --no-install fyers tokens
  $ npx --no-install fyers tokens --use-ssm --json | jq .good`,
    )
    .action((options: TokensOptions) => tokens(session, options));
}

async function tokens(session: Session, options: TokensOptions): Promise<void> {
  const { io } = session;
  const held = await (options.useSsm === true
    ? fromParameters(session, options)
    : fromFiles(session, options));
  const now = io.clock.now();
  const viewAt = (at: Instant): View => ({
    account: held.account,
    now: at,
    session: nextSession(at, held.calendar),
  });
  const offline = options.offline === true;
  const check = clockCheck(io.clock);
  check.saw(held.accessToken);
  check.saw(held.refreshToken);
  const mayLive = [now, check.rightTime()].some((at) => mayBeProven(held.accessToken, viewAt(at)));
  const proof = !offline && mayLive ? await prove(session, held, check.onServerTime) : null;
  const judgedAt = (at: Instant): Verdict => judge(held, { ...viewAt(at), proof, offline });
  const first = judgedAt(now);
  const fault = check.fault();
  const verdict = fault === null || first.good ? first : judgedAt(check.rightTime());
  const notices = fault === null ? [] : [clockFaultWords(fault)];
  const shown = { ...held, notices: [...held.notices, ...notices] };
  if (options.json === true) io.out(jsonOf(shown, verdict));
  else for (const line of linesOf(io, shown, verdict)) io.out(line);
  // The clock is named where it makes the difference.
  if (fault !== null && byClock(first) && !byClock(verdict)) throw clockError(fault);
  stopUnlessGood(held, verdict);
}

/** Not good for what the clock has to do with. */
function byClock({ access, lasts }: Verdict): boolean {
  return access.state === 'malformed' || access.state === 'expired' || !lasts;
}

/** One live read. @throws FyersError `operator.config` where there is no app id to ask with */
export async function prove(
  session: Session,
  held: Held,
  onServerTime: ClockCheck['onServerTime'] = () => undefined,
): Promise<Proof> {
  const appId = valueOrStop(
    `FYERS_CLIENT_ID ${held.place}`,
    held.appId === null
      ? { ok: false, problem: 'is missing: without it a token can be looked at --offline only' }
      : parseAppId(held.appId),
  );
  const token = valueOrStop('The access token', parseAccessToken(held.accessToken ?? ''));
  const { fyersBroker } = await import('../adapters/fyers/broker.ts');
  const broker = fyersBroker({ apiUrl: held.apiUrl, onSecret: session.hide, onServerTime });
  return broker.prove(appId, token, new AbortController().signal, held.reads);
}

function stopUnlessGood(held: Held, verdict: Verdict): void {
  if (verdict.good) return;
  const { proof } = verdict.access;
  if (proof !== null && proof.kind !== 'live' && proof.kind !== 'dead') {
    throw unprovenError(proof, 'tokens');
  }
  if (held.problems.length > 0) {
    throw new FyersError('operator.token-file', held.problems.join(' '), held.nextStep);
  }
  const from = loginHelpsFrom(verdict);
  throw new FyersError(
    'operator.credentials',
    `No access token is good for the session of ${verdict.session.date}.`,
    from === null
      ? held.nextStep
      : `Wait until ${formatIst(from)}, when today's tokens end (\`npx --no-install fyers tokens\` shows them). ${held.nextStep}`,
  );
}
