// Checks what the account may stream, if the feed is `tbt` or `hsm`: the symbols, and with --live the
// symbol master and a connection to each stream, which is closed at once.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  type Probed,
  probeHsm,
  probeTbt,
  hsmTarget,
  tbtTarget,
} from '../../../adapters/fyers/stream/targets.ts';
import { readIndexLists } from '../../../adapters/operator/index-lists.ts';
import { symbolMaster } from '../../../adapters/fyers/symbol-master.ts';
import { indicesIn, withMembers } from '../../../core/config/groups.ts';
import { environmentName } from '../../../core/config/keys.ts';
import { ENVIRONMENT } from '../../../core/config/names.ts';
import { parseFeed, streamProblems } from '../../../core/config/stream-limits.ts';
import { parseSampling, parseSymbolAlias, parseSymbols } from '../../../core/config/values.ts';
import { dayOf } from '../../../core/market/calendar.ts';
import { topicsFor } from '../../../core/stream/hsm-topics.ts';
import { formatHhMm, type IstDate, istDateAt, MINUTE, plus, SECOND } from '../../../core/time.ts';
import { hsmKeyOf } from '../../../core/token/jwt.ts';
import { masterUrlBeside } from '../../../harvester/settings.ts';
import { mayBeProven } from '../../shared/tokens.ts';
import { type CheckContext, type Finding, ok, problem, skipped } from './finding.ts';
import { LOGIN_STEP, readTokenSources, viewOf } from './token.ts';

const REST_STEP = 'Until then record with FYERS_FEED=rest.';
const FIXES: Readonly<Record<Exclude<Probed['kind'], 'accepted'>, string>> = {
  refused: `${LOGIN_STEP} If it stays, check the app's Market Data permission at https://myapi.fyers.in/dashboard, and ask Fyers whether the account may stream. ${REST_STEP}`,
  'in-use': 'Stop the other programs that stream with this account, and repeat the command.',
  changed: `Update this program. ${REST_STEP}`,
  unreachable: 'Check the connection of this machine to Fyers, and repeat the command.',
};

export async function streamsFinding(patient: CheckContext): Promise<Finding> {
  const { settings, live } = patient;
  const feed = parseFeed(settings(ENVIRONMENT.feed) ?? 'rest');
  if (!feed.ok) {
    const { place, fix } = settings.placeOf(ENVIRONMENT.feed);
    return problem(`${place} ${feed.problem}`, fix);
  }
  const text = settings(ENVIRONMENT.symbols) ?? '';
  const named = `${text} ${settings(environmentName('harvesters')) ?? ''}`;
  const { lists, problems: wrongLists } = readIndexLists(
    path.resolve(patient.session.io.cwd, patient.dir),
    indicesIn(named),
  );
  if (wrongLists.length > 0) {
    return problem(
      wrongLists.join(' '),
      'Correct the list, or take its name out of FYERS_SYMBOLS.',
    );
  }
  const everySeconds = (settings(ENVIRONMENT.everySeconds) ?? '5').replace(/s$/, '');
  // Without it the harvester's own symbols are recorded, or those of FYERS_HARVESTERS.
  const wrong = text.trim() === '' ? null : parseSampling(text, everySeconds, feed.value, lists);
  if (wrong?.ok === false) {
    return problem(wrong.problem, 'Correct FYERS_SYMBOLS or FYERS_EVERY_SECONDS.');
  }
  if (feed.value === 'rest') return skipped('the feed is rest, which does not stream');
  const { symbols } = parseSymbols(text);
  const problems = streamProblems([{ feed: feed.value, symbols }], lists);
  if (problems.length > 0) return problem(problems.join('; '), 'Correct FYERS_SYMBOLS.');
  if (!live) return skipped('not asked for: --live connects to the streams');
  const reason = sessionReason(patient);
  if (reason !== null) return skipped(reason);

  return connect(patient, feed.value, withMembers(symbols, lists));
}

/** How long before the opening a harvester may connect. */
const LEAD_MS = 15 * MINUTE;

/** Fyers allows one HSM socket for an account, so a check could take the harvester's. */
function sessionReason({ session, calendar }: CheckContext): string | null {
  const now = session.io.clock.now();
  const day = dayOf(istDateAt(now), calendar());
  if (day.kind === 'closed') return null;
  const { opensAt, closesAt } = day.plan;
  if (now < plus(opensAt, -LEAD_MS) || now >= closesAt) return null;
  return `a harvester may be streaming, and the account has one socket for it: repeat the command after ${formatHhMm(closesAt)} IST`;
}

async function connect(
  patient: CheckContext,
  feed: 'tbt' | 'hsm',
  symbols: readonly string[],
): Promise<Finding> {
  const now = patient.session.io.clock.now();
  const held = (await readTokenSources(patient)).find((each) =>
    mayBeProven(each.accessToken, viewOf(each, now)),
  );
  const [appId, token] = [held?.appId ?? null, held?.accessToken ?? null];
  if (held === undefined || appId === null || token === null) {
    return problem('there is no token of today, or no app id, to connect with', LOGIN_STEP);
  }
  const unknown = await unknownSymbols(held.apiUrl, symbols, istDateAt(now));
  if (typeof unknown === 'string') return problem(unknown, FIXES.unreachable);
  if (unknown.length > 0) {
    return problem(
      `the symbol master has no token for ${unknown.join(', ')}`,
      'Correct FYERS_SYMBOLS or the list of the index, or look the symbol up at https://public.fyers.in/sym_details/NSE_CM.csv.',
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
    if (probed.kind !== 'accepted') return findingOf('tbt', probed);
    seen.push(`tbt accepts the token${target.isNamed ? '' : ', at the usual address'}`);
  }
  const probed = await probeHsm(hsmTarget(held.apiUrl), key);
  if (probed.kind !== 'accepted') return findingOf('hsm', probed);
  return ok([...seen, 'hsm accepts the login, and has the expected fields'].join('; '));
}

function findingOf(feed: string, probed: Exclude<Probed, { kind: 'accepted' }>): Finding {
  const what = probed.kind === 'changed' ? `${feed} has other fields` : `${feed}: ${probed.kind}`;
  return problem(`${what} (${probed.detail})`, FIXES[probed.kind]);
}

const MASTER_TIMEOUT_MS = 60 * SECOND;

/**
 * Names without a token, and chains of underlyings without options, or why that is not known. Other aliases change each
 * day, and are left out.
 */
async function unknownSymbols(
  apiUrl: string,
  symbols: readonly string[],
  date: IstDate,
): Promise<readonly string[] | string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fyers-doctor-'));
  try {
    const master = symbolMaster({ masterUrl: masterUrlBeside(apiUrl), folder });
    const left = new Set(
      symbols.filter((symbol) => !parseSymbolAlias(symbol).ok || symbol.startsWith('CHAIN:')),
    );
    for (const segment of ['NSE_CM', 'NSE_FO'] as const) {
      if (left.size === 0) break;
      const signal = new AbortController().signal;
      const { file, problem } = await master(segment, date, {
        timeoutMs: MASTER_TIMEOUT_MS,
        signal,
      });
      if (file === null) return problem ?? `${segment}.csv is missing`;
      for await (const row of file.rows()) {
        if (topicsFor(row.symbol, row.fyToken) !== null) left.delete(row.symbol);
        if (row.kind === 'option') left.delete(`CHAIN:${row.underlying}`);
      }
    }
    return [...left];
  } finally {
    await rm(folder, { recursive: true });
  }
}
