// Checks the broker's book and streams. With --live it requests one book from Fyers. If the feed is `tbt` or `hsm`, it also
// connects to each stream and closes it at once.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { askForBook } from '../../adapters/fyers/depth-feed.ts';
import {
  hsmTarget,
  type Probed,
  probeHsm,
  probeTbt,
  tbtTarget,
} from '../../adapters/fyers/stream/targets.ts';
import { symbolMaster } from '../../adapters/fyers/symbol-master.ts';
import { withMembers } from '../../core/config/groups.ts';
import { environmentName } from '../../core/config/keys.ts';
import { ENVIRONMENT, REFERENCE_SYMBOLS } from '../../core/config/names.ts';
import type { ConfiguredFeed } from '../../core/config/stream-limits.ts';
import { parseSymbolAlias, parseSymbols } from '../../core/config/values.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { phaseAt } from '../../core/market/phases.ts';
import { isIndex } from '../../core/market/symbol-plan.ts';
import type { Level } from '../../core/recording/book.ts';
import type { HoleReason } from '../../core/recording/coverage.ts';
import { fieldWords } from '../../core/recording/field-faults.ts';
import { topicsFor } from '../../core/stream/hsm-topics.ts';
import { formatHhMm, type IstDate, istDateAt, MINUTE, plus, SECOND } from '../../core/time.ts';
import { hsmKeyOf } from '../../core/token/jwt.ts';
import { masterUrlFor } from '../../harvester/settings.ts';
import { plannedHarvesters } from '../shared/settings.ts';
import { type CheckContext, type Finding, ok, problem, skipped } from './check.ts';
import { LOGIN_STEP, readTokenOfToday } from './token.ts';

const ODD_ANSWER_STEP =
  'Repeat the command in a few minutes. If the problem remains, the broker has changed its answer: please report it with the output of `./fyers doctor --live --json`.';
const WAIT_STEP = 'Wait a minute, and repeat the command.';
const BOOK_FIXES: Readonly<Partial<Record<HoleReason, string>>> = {
  'no-token': LOGIN_STEP,
  'token-refused': LOGIN_STEP,
  'broker-error':
    "Follow the answer: check the app's permissions at https://myapi.fyers.in/dashboard. If the answer was a page that is not Fyers', wait ten minutes.",
  'unknown-symbol':
    'Correct FYERS_SYMBOLS, or look the symbol up at https://public.fyers.in/sym_details/NSE_CM.csv.',
  'malformed-answer': ODD_ANSWER_STEP,
  unreachable: 'Check the connection of this machine to Fyers, and repeat the command.',
};

const EMPTY_BOOK =
  'Check at Fyers whether the symbol trades today, and its spelling in FYERS_SYMBOLS. A halted share has no orders.';

export async function checkBook(context: CheckContext): Promise<Finding> {
  if (!context.asksBroker) return skipped('only with --live, which reads one book');
  const { now } = context;
  const { clock } = context.session.io;
  const held = await readTokenOfToday(context);
  if (held === null) {
    return problem('there is no token for today, or no app id, for the request', LOGIN_STEP);
  }
  const symbol = symbolToAsk(context);
  const day = dayOf(istDateAt(now), context.calendar());
  const session = day.kind === 'open' ? day.plan : null;
  const startedAt = clock.now();
  const answer = await askForBook({
    apiUrl: held.apiUrl,
    symbol,
    authorization: `${held.appId}:${held.token}`,
    timeoutMs: 10 * SECOND,
    signal: new AbortController().signal,
    moment: () => ({ receivedAt: clock.now(), session }),
    onReply: (reply) => {
      const serverTime = reply.kind === 'answered' ? reply.serverTime : null;
      if (serverTime !== null) context.clock.onServerTime(serverTime);
    },
  });
  const took = `in ${String(clock.now() - startedAt)} ms with the token ${held.place}`;
  if (answer.kind === 'hole') {
    return problem(
      `no book of ${symbol} (${answer.reason}), ${took}${answer.detail === undefined ? '' : `: ${answer.detail}`}`,
      BOOK_FIXES[answer.reason] ?? WAIT_STEP,
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

const REST_STEP = 'Until then record with FYERS_FEED=rest.';
const STREAM_FIXES: Readonly<Record<Exclude<Probed['kind'], 'accepted'>, string>> = {
  refused: `${LOGIN_STEP} If the refusal remains, check the app's Market Data permission at https://myapi.fyers.in/dashboard, and ask Fyers whether the account may stream. ${REST_STEP}`,
  'in-use': 'Stop the other programs that stream with this account, and repeat the command.',
  changed: `Update this program. ${REST_STEP}`,
  unreachable: 'Check the connection of this machine to Fyers, and repeat the command.',
};

const SYMBOL_KEYS = `${ENVIRONMENT.symbols} or ${environmentName('harvesters')}`;

export async function checkStreams(context: CheckContext): Promise<Finding> {
  const { settings, asksBroker } = context;
  const { plans, lists, problems } = plannedHarvesters(context.dir, settings);
  if (problems.length > 0) {
    const keys = `${SYMBOL_KEYS}, ${ENVIRONMENT.feed}, ${ENVIRONMENT.everySeconds}`;
    return problem(problems.join(' '), `Correct ${keys}, or the list of the index.`);
  }
  const streaming = plans.find((plan) => plan.feed !== 'rest');
  if (streaming === undefined) return skipped('the feed is rest, which does not stream');
  if (!asksBroker) return skipped('only with --live, which connects to the streams');
  const reason = sessionReason(context);
  if (reason !== null) return skipped(reason);
  return connect(context, streaming.feed, withMembers(streaming.symbols, lists));
}

/** How long before the opening a harvester may connect. */
const LEAD_MS = 15 * MINUTE;

/** Fyers allows one HSM socket per account, so this check could disconnect a running harvester. */
function sessionReason({ now, calendar }: CheckContext): string | null {
  const day = dayOf(istDateAt(now), calendar());
  if (day.kind === 'closed') return null;
  const { opensAt, closesAt } = day.plan;
  if (now < plus(opensAt, -LEAD_MS) || now >= closesAt) return null;
  return `a harvester may be streaming, and the account has one socket for it: repeat the command after ${formatHhMm(closesAt)} IST`;
}

async function connect(
  context: CheckContext,
  feed: ConfiguredFeed,
  symbols: readonly string[],
): Promise<Finding> {
  const held = await readTokenOfToday(context);
  if (held === null) {
    return problem('there is no token for today, or no app id, for the connection', LOGIN_STEP);
  }
  const { appId, token } = held;
  const unknown = await unknownSymbols(held.apiUrl, symbols, istDateAt(context.now));
  if (typeof unknown === 'string') return problem(unknown, STREAM_FIXES.unreachable);
  if (unknown.length > 0) {
    return problem(
      `the symbol master has no token for ${unknown.join(', ')}`,
      `Correct ${SYMBOL_KEYS}, or the list of the index, or look the symbol up at https://public.fyers.in/sym_details/NSE_CM.csv.`,
    );
  }
  const key = hsmKeyOf(token);
  if (key === null) {
    return problem('the token has no key for the stream hsm', `${LOGIN_STEP} ${REST_STEP}`);
  }
  const seen: string[] = [];
  if (feed === 'tbt') {
    const target = await tbtTarget(held.apiUrl, `${appId}:${token}`);
    const probed = await probeTbt(target);
    if (probed.kind !== 'accepted') return probeFinding('tbt', probed);
    seen.push(`tbt accepts the token${target.isNamed ? '' : ', at the default address'}`);
  }
  const probed = await probeHsm(hsmTarget(held.apiUrl), key);
  if (probed.kind !== 'accepted') return probeFinding('hsm', probed);
  return ok([...seen, 'hsm accepts the login, and has the expected fields'].join('; '));
}

function probeFinding(feed: string, probed: Exclude<Probed, { kind: 'accepted' }>): Finding {
  const what = probed.kind === 'changed' ? `${feed} has other fields` : `${feed}: ${probed.kind}`;
  return problem(`${what} (${probed.detail})`, STREAM_FIXES[probed.kind]);
}

const MASTER_TIMEOUT_MS = 60 * SECOND;

/**
 * Returns names without a token in the symbol master, and chains whose underlying has no options; or the reason why the
 * master could not be read. Other aliases change each day and are not checked.
 */
async function unknownSymbols(
  apiUrl: string,
  symbols: readonly string[],
  date: IstDate,
): Promise<readonly string[] | string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fyers-doctor-'));
  try {
    const master = symbolMaster({ masterUrl: masterUrlFor(apiUrl), folder });
    const left = new Set(
      symbols.filter((symbol) => !parseSymbolAlias(symbol).ok || symbol.startsWith('CHAIN:')),
    );
    for (const segment of ['NSE_CM', 'NSE_FO', 'BSE_CM', 'BSE_FO'] as const) {
      const isOfBse = segment.startsWith('BSE');
      if (![...left].some((symbol) => symbol.startsWith('BSE:') === isOfBse)) continue;
      const signal = new AbortController().signal;
      const { file, problem } = await master(segment, date, {
        timeoutMs: MASTER_TIMEOUT_MS,
        signal,
      });
      if (file === null) return problem ?? `${segment}.csv is missing`;
      for await (const row of file.rows()) {
        if (topicsFor(row.symbol, row.fyToken) !== null) left.delete(row.symbol);
        // CHAIN: selects contracts of NSE only.
        if (row.kind === 'option' && !isOfBse) left.delete(`CHAIN:${row.underlying}`);
      }
    }
    return [...left];
  } finally {
    await rm(folder, { recursive: true });
  }
}
