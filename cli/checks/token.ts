// Checks the access token for the coming session: `doctor` checks the claims of the first token that it finds, `status`
// proves the stack's token with a live read. Also checks the state that the keeper stores: whether it may refresh, and
// whether a login is pending.
import { clockFaultWords } from '../../core/clock-faults.ts';
import type { Names } from '../../core/config/names.ts';
import { nextSession } from '../../core/market/calendar.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import { REFRESH_SLOTS } from '../../core/schedule.ts';
import { brokerDay, brokerDayEnd, formatIst, type Instant, istInstant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { keeperFailure, reasonText } from '../../core/token/messages.ts';
import { NEW_STATE, parseTokenState, type TokenState } from '../../core/token/state.ts';
import { parameterReader } from '../shared/aws.ts';
import {
  answerIn,
  depthRefusedIn,
  fromFiles,
  fromParameters,
  judge,
  loginHelpsFrom,
  mayBeProven,
  prove,
  TOKEN_TONES,
  type TokenStatus,
  type Verdict,
} from '../shared/tokens.ts';
import {
  type CheckContext,
  type Finding,
  hasAws,
  ok,
  oncePerContext,
  problem,
  skipped,
} from './check.ts';
import { readNextRun } from './schedules.ts';

export const LOGIN_STEP = 'Log in with `./fyers login`.';

const readParameters = oncePerContext((context) => fromParameters(context.session, context));

/** Token sources: the operator's folder first, then AWS. */
const readTokenSources = oncePerContext(async (context) => [
  fromFiles(context.session, context),
  ...((await hasAws(context)) ? [await readParameters(context)] : []),
]);

/** Returns a token that is not expired by its claims, with its app; null without one. */
export async function readTokenOfToday(context: CheckContext) {
  const sources = await readTokenSources(context);
  const held = sources.find((each) => mayBeProven(each, context.now));
  const [appId, token] = [held?.appId ?? null, held?.accessToken ?? null];
  if (held === undefined || appId === null || token === null) return null;
  return { appId, token, apiUrl: held.apiUrl, place: held.place };
}

export async function checkToken(context: CheckContext): Promise<Finding> {
  const { now, clock } = context;
  const all = await readTokenSources(context);
  const session = nextSession(now, context.calendar());
  for (const { accessToken, refreshToken } of all) {
    clock.onToken(accessToken);
    clock.onToken(refreshToken);
  }
  for (const held of all) {
    const { good } = judge(held, { now, proof: null, offline: true });
    if (good && held.accessToken !== null) {
      return ok(
        `good for the session of ${session.date} by its own claims, ${held.place}, fingerprint ${displayFingerprint(held.accessToken)}`,
      );
    }
  }
  // With a wrong clock a valid token looks invalid, and a new login would not help.
  const fault = clock.fault();
  if (fault !== null) return skipped(`cannot be judged: ${clockFaultWords(fault)}`);
  const awaited = explainPendingLink(session, now);
  if (awaited !== null) return skipped(awaited);
  const problems = all.flatMap((held) => held.problems);
  return problem(
    [`no token is good for the session of ${session.date}`, ...problems].join('; '),
    LOGIN_STEP,
  );
}

/** Returns null once the link for the session's day has been sent. */
function explainPendingLink(session: SessionPlan, now: Instant): string | null {
  const [slot] = REFRESH_SLOTS;
  if (session.opensAt > brokerDayEnd(now)) {
    return `the coming session is on ${session.date}, and a token of today ends ${formatIst(brokerDayEnd(now))}`;
  }
  return now < istInstant(session.date, slot)
    ? `not due: the login link comes at ${slot} IST`
    : null;
}

/** Errors: those of every AWS call by the operator, and `operator.config`. */
const judgeStored = oncePerContext(async (context) => {
  const { session, now, asksBroker } = context;
  const source = await readParameters(context);
  const proof = asksBroker && mayBeProven(source, now) ? await prove(session, source) : null;
  return {
    token: source.accessToken,
    verdict: judge(source, { now, proof, offline: !asksBroker }),
  };
});

export async function checkStoredToken(context: CheckContext): Promise<Finding> {
  const { token, verdict } = await judgeStored(context);
  // If it cannot be read, the text leaves the next run out: the check of the schedules reports the reason.
  const run = await readNextRun(context).catch(() => null);
  const { access, session, good } = verdict;
  const fingerprint = token === null ? null : displayFingerprint(token);
  const [answer, depth] = [answerIn(access), depthRefusedIn(access)];
  const silent = access.state === 'unproven' && access.proof !== null;
  return {
    state: access.state,
    tone: good ? 'good' : access.state === 'missing' ? 'bad' : TOKEN_TONES[access.state],
    detail: [
      ...(fingerprint === null ? [] : [fingerprint]),
      ...(access.claims === null ? [] : [`valid until ${formatIst(access.claims.expiresAt)}`]),
      STATUS_TEXTS[access.state] ?? (silent ? 'not proven' : 'by its own claims'),
      ...(answer === null ? [] : [answer]),
      ...(depth === null ? [] : [`market depth is refused: ${depth}`]),
      `${good ? 'good' : 'not good'} for the session of ${session.date}`,
    ].join(', '),
    todo: good || silent ? [] : [nextStepFor(verdict, run?.at ?? null)],
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
  expired: 'it has expired',
};

function nextStepFor(verdict: Verdict, asksAt: Instant | null): string {
  if (depthRefusedIn(verdict.access) !== null) {
    return 'Give the app the permission "Market Data" at https://myapi.fyers.in/dashboard, then log in again: `./fyers login --aws --again`.';
  }
  const from = loginHelpsFrom(verdict);
  const link =
    asksAt === null
      ? 'Log in'
      : `The keeper runs again on ${formatIst(asksAt)}; press the link that it sends, or log in before that`;
  const when = from === null ? '' : ` (from ${formatIst(from)} on)`;
  return `No token is good for the session of ${verdict.session.date}. ${link}${when}: \`./fyers login --aws\`.`;
}

/** Checks whether the keeper may refresh, and whether a login is pending. */
export async function checkTokenState(context: CheckContext): Promise<readonly Finding[]> {
  const { session, names, now } = context;
  const read = await parameterReader(session, names());
  const text = await read('FYERS_TOKEN_STATE');
  const state = text === null ? NEW_STATE : parseTokenState(text);
  if (state === null) return [unreadableFinding(names())];
  const isLive = await judgeStored(context).then(
    // Use `live now`, not `good for the coming session`: in the evening a live token does not cover the next session,
    // and no link is pending.
    ({ verdict: { access } }) =>
      access.state === 'live' || (access.state === 'unproven' && access.proof === null),
    () => false,
  );
  return [refreshFinding(state), linkFinding(state, now, isLive)];
}

function refreshFinding({ policyOff, latch }: TokenState): Finding {
  const facts = { policyOff, latch: latch?.reason ?? null };
  const base = { tone: 'quiet' as const, todo: [], facts };
  if (latch?.reason === 'app-secret') {
    const { message } = keeperFailure('operator.app-secret');
    return { ...base, state: 'latched', tone: 'bad', detail: message, todo: [message] };
  }
  if (policyOff) {
    const detail = `${reasonText('policy')}; log in once a day instead`;
    return { ...base, state: 'switched off', detail };
  }
  if (latch !== null) {
    const detail = `${reasonText(latch.reason)}; not sent again until the refresh token or the PIN changes`;
    return { ...base, state: 'latched', tone: 'bad', detail };
  }
  return {
    ...base,
    state: 'not latched',
    detail: 'used if a refresh token and a PIN are stored',
  };
}

function linkFinding({ asked }: TokenState, now: Instant, isLive: boolean): Finding {
  const today = asked?.day === brokerDay(now) ? asked : null;
  const outstanding = today !== null && !isLive;
  const detail =
    today === null
      ? 'no login was requested since 06:00 IST'
      : `requested by the ${today.slot} run${isLive ? '; a token is live' : ''}`;
  return {
    name: 'login link',
    state: outstanding ? 'outstanding' : 'none open',
    tone: outstanding ? 'bad' : 'quiet',
    detail,
    todo: outstanding
      ? ['Press the link in the message of today, or run `./fyers login --aws`.']
      : [],
    facts: { outstanding, asked: today },
  };
}

function unreadableFinding(names: Names): Finding {
  const name = names.parameter('FYERS_TOKEN_STATE');
  const finding = problem(
    `the parameter ${name} contains no valid token state`,
    `Run \`aws ssm delete-parameter --name ${name}\` if the refresh token and the PIN are right.`,
  );
  return { ...finding, state: 'unknown' };
}
