// Checks the access token for the coming session, the calendar, and with --live one depth request.
import { askForBook } from '../../../adapters/fyers/depth-feed.ts';
import { clockFaultWords } from '../../../core/clock-faults.ts';
import { parseSymbolAlias, parseSymbols } from '../../../core/config/values.ts';
import type { Level } from '../../../core/recording/book.ts';
import { FyersError } from '../../../core/errors.ts';
import type { HoleReason } from '../../../core/recording/coverage.ts';
import { fieldWords } from '../../../core/recording/field-faults.ts';
import { coveredUntil, dayOf, nextSession, calendarNotice } from '../../../core/market/calendar.ts';
import { type SessionPlan, phaseAt } from '../../../core/market/phases.ts';
import { isIndex } from '../../../core/market/symbol-plan.ts';
import { ENVIRONMENT, REFERENCE_SYMBOLS } from '../../../core/config/names.ts';
import { REFRESH_SLOTS } from '../../../core/schedule.ts';
import {
  type Instant,
  SECOND,
  brokerDayEnd,
  formatIst,
  istDateAt,
  istInstant,
} from '../../../core/time.ts';
import { displayFingerprint } from '../../../core/token/digest.ts';
import { counted } from '../../../core/text.ts';
import {
  fromFiles,
  fromParameters,
  type TokenSource,
  judge,
  mayBeProven,
} from '../../shared/tokens.ts';
import { type Finding, type CheckContext, ok, problem, skipped } from './finding.ts';

export const LOGIN_STEP = 'Log in with `./fyers login`.';

export async function tokenFinding(patient: CheckContext): Promise<Finding> {
  const now = patient.session.io.clock.now();
  const all = await readTokenSources(patient);
  const session = nextSession(now, patient.calendar());
  for (const { accessToken, refreshToken } of all) {
    patient.clock.saw(accessToken);
    patient.clock.saw(refreshToken);
  }
  for (const held of all) {
    const { good } = judge(held, { ...viewOf(held, now), proof: null, offline: true });
    if (good && held.accessToken !== null) {
      return ok(
        `good for the session of ${session.date} by its own word, ${held.place}, fingerprint ${displayFingerprint(held.accessToken)}`,
      );
    }
  }
  // With a wrong clock a valid token looks invalid, and a new login would not help.
  const fault = patient.clock.fault();
  if (fault !== null) return skipped(`cannot be judged: ${clockFaultWords(fault)}`);
  const awaited = explainPendingLink(session, now);
  if (awaited !== null) return skipped(awaited);
  const problems = all.flatMap((held) => held.problems);
  return problem(
    [`none is good for the session of ${session.date}`, ...problems].join('; '),
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

/** Token sources: the operator's folder first, then AWS. */
export async function readTokenSources(patient: CheckContext): Promise<readonly TokenSource[]> {
  const { session, dir, suffix, hasAws, settings } = patient;
  const where = { dir, settings, ...(suffix === undefined ? {} : { suffix }) };
  return [
    fromFiles(session, where),
    ...((await hasAws()) ? [await fromParameters(session, where)] : []),
  ];
}

export function viewOf({ account, calendar }: TokenSource, now: Instant) {
  return { account, now, session: nextSession(now, calendar) };
}

export function calendarFinding({ session, calendar }: CheckContext): Finding {
  let options;
  try {
    options = calendar();
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    return problem(
      `calendar.json or FYERS_CALENDAR cannot be used: ${caught.message}`,
      'Correct it; `./fyers calendar --help` shows the form.',
    );
  }
  const notice = calendarNotice(istDateAt(session.io.clock.now()), options);
  if (notice !== null) return problem(notice.problem, notice.nextStep);
  const own = options.overrides?.filter((entry) => 'date' in entry).length ?? 0;
  return ok(
    `holidays are known until ${coveredUntil(options)}${own === 0 ? '' : `, and ${counted(own, 'day')} ${own === 1 ? 'is' : 'are'} your own`}`,
  );
}

const ODD_ANSWER_STEP =
  'Repeat the command in a few minutes. If it stays, the broker has changed its answer: please report it with what `./fyers doctor --live --json` prints.';
const WAIT_STEP = 'Wait a minute, and repeat the command.';
const FIXES: Readonly<Partial<Record<HoleReason, string>>> = {
  'no-token': LOGIN_STEP,
  'token-refused': LOGIN_STEP,
  'broker-error':
    "Do what the answer says: check the app's permissions at https://myapi.fyers.in/dashboard, and wait ten minutes after a page that is not Fyers'.",
  'unknown-symbol':
    'Correct FYERS_SYMBOLS, or look the symbol up at https://public.fyers.in/sym_details/NSE_CM.csv.',
  'malformed-answer': ODD_ANSWER_STEP,
  unreachable: 'Check the connection of this machine to Fyers, and repeat the command.',
};

const EMPTY_BOOK =
  'Check at Fyers whether the symbol trades today, and its spelling in FYERS_SYMBOLS. A halted share has no orders.';

export async function liveFinding(patient: CheckContext): Promise<Finding> {
  if (!patient.live) return skipped('not asked for: --live reads one book');
  const { clock } = patient.session.io;
  const held = (await readTokenSources(patient)).find((each) =>
    mayBeProven(each.accessToken, viewOf(each, clock.now())),
  );
  const appId = held?.appId ?? null;
  if (held === undefined || appId === null) {
    return problem('there is no token of today, or no app id, to ask with', LOGIN_STEP);
  }
  const symbol = symbolToAsk(patient);
  const day = dayOf(istDateAt(clock.now()), patient.calendar());
  const session = day.kind === 'open' ? day.plan : null;
  const startedAt = clock.now();
  const answer = await askForBook({
    apiUrl: held.apiUrl,
    symbol,
    authorization: `${appId}:${held.accessToken ?? ''}`,
    timeoutMs: 10 * SECOND,
    signal: new AbortController().signal,
    moment: () => ({ receivedAt: clock.now(), session }),
    onReply: (reply) => {
      const serverTime = reply.kind === 'answered' ? reply.serverTime : null;
      if (serverTime !== null) patient.clock.onServerTime(serverTime);
    },
  });
  const took = `in ${String(clock.now() - startedAt)} ms with the token ${held.place}`;
  if (answer.kind === 'hole') {
    return problem(
      `no book of ${symbol} (${answer.reason}), ${took}${answer.detail === undefined ? '' : `: ${answer.detail}`}`,
      FIXES[answer.reason] ?? WAIT_STEP,
    );
  }
  const { bids, asks } = answer.book;
  const seen = `${symbol}: ${formatBestPrice('bid', bids)}, ${formatBestPrice('ask', asks)}, ${took}`;
  if (answer.faults.length > 0) {
    const fields = answer.faults.map(fieldWords).join(', ');
    return problem(`${seen}; the answer has no usable value for ${fields}`, ODD_ANSWER_STEP);
  }
  const trades = session !== null && phaseAt(session, clock.now())?.name === 'CONTINUOUS';
  if (trades && !isIndex(symbol) && bids.length + asks.length === 0) {
    return problem(`${seen}, while the market trades`, EMPTY_BOOK);
  }
  return ok(seen);
}

/** Returns the first share or contract of the harvester's symbols; an alias has no book. */
function symbolToAsk({ settings }: CheckContext): string {
  const { symbols } = parseSymbols(settings(ENVIRONMENT.symbols) ?? '');
  return symbols.find((symbol) => !parseSymbolAlias(symbol).ok) ?? REFERENCE_SYMBOLS[0];
}

function formatBestPrice(side: 'bid' | 'ask', [level]: readonly Level[]): string {
  if (level === undefined) return `no ${side}`;
  return `${side} ${level.price?.toFixed(2) ?? 'without price'} × ${String(level.quantity ?? '–')}`;
}
