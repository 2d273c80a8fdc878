// Generates the public symbol master: CSV without a header, 21 columns. Expiries of NSE fall on Tuesdays, those of BSE on
// Thursdays, the monthly one on the last, as since September 2025, also if that is a holiday. Its NIFTY has the price level
// of a share.
import { type Kind, dateText } from './hours.ts';
import type { SimulatedResponse } from './state.ts';
import { DAY, HOUR, MINUTE, SECOND, istMidnight } from './time.ts';

export interface Instrument {
  readonly kind: Kind;
  /** Fields for other calls: exchange, segment, expiry, the exchange's token. */
  readonly fyToken: string;
  readonly symbol: string;
  readonly name: string;
  readonly token: number;
  /** Shares only. */
  readonly isin?: string;
  readonly contract?: {
    /** Name and token of the underlying in the cash market. */
    readonly of: readonly [string, number];
    readonly expiresAt: number;
    readonly lot: number;
    readonly strike?: number;
    readonly right?: string;
  };
}

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const NIFTY = ['NIFTY', 26_000] as const;
const SENSEX = ['SENSEX', 1_900] as const;
const INDICES = [
  ['NSE:NIFTY50-INDEX', NIFTY[1]],
  ['NSE:NIFTYBANK-INDEX', 26_009],
  ['BSE:SENSEX-INDEX', SENSEX[1]],
] as const;
const STRIKE_STEP = 50;
const STRIKES = 60;
const SHARE_STRIKES = [400, 450, 500, 550, 600];
const TUESDAY = 2;
const THURSDAY = 4;

/** Returns every instrument of a day, by symbol; `shares` are the simulator's own. */
export function instrumentsOn(
  shares: ReadonlySet<string>,
  now: number,
): ReadonlyMap<string, Instrument> {
  const cash = [...shares].map((symbol, index) => ({
    symbol,
    // The last share, and those of BSE, have no derivatives.
    kind: index < shares.size - 1 && !isOfBse(symbol) ? ('auction' as const) : ('plain' as const),
    name: symbol.slice('NSE:'.length).replace(/-EQ$/, ''),
    token: 1_001 + index,
    fyToken: cashToken(symbol, 1_001 + index),
    isin: `INE${String(index + 1).padStart(3, '0')}A01018`,
  }));
  const indices = INDICES.map(([symbol, token]) => ({
    ...{ symbol, kind: 'plain' as const, name: symbol.slice('NSE:'.length), token },
    fyToken: cashToken(symbol, token),
  }));
  const tuesdays = daysFrom(istMidnight(now), TUESDAY);
  const months = tuesdays.filter(isLastOfMonth).slice(0, 3);
  const underlyings = [
    NIFTY,
    ...cash
      .slice(0, -1)
      .filter(({ symbol }) => !isOfBse(symbol))
      .map(({ name, token }) => [name, token] as const),
  ];
  const ofBse = daysFrom(istMidnight(now), THURSDAY).filter(isLastOfMonth).slice(0, 1);
  const futures = [
    ...underlyings.flatMap((of) =>
      months.map((day, later) => future(of, day, later === 0 ? 'future' : 'option')),
    ),
    ...ofBse.map((day) => future(SENSEX, day, 'future')),
  ];
  const options = [...tuesdays.slice(0, 2).flatMap(optionsOf), ...ofBse.map(optionOfBse)];
  const shareOptions = cash
    .slice(0, 1)
    .flatMap(({ name, token }) =>
      months.slice(0, 2).flatMap((day) => shareOptionsOf([name, token], day)),
    );
  return new Map(
    [...cash, ...indices, ...futures, ...options, ...shareOptions].map((each) => [
      each.symbol,
      each,
    ]),
  );
}

/** `GET /sym_details/NSE_CM.csv` and so on, without authentication; null for another path. */
export function masterFile(
  path: string,
  shares: ReadonlySet<string>,
  now: number,
): SimulatedResponse | null {
  const [, exchange, segment] = /^\/sym_details\/(NSE|BSE)_(CM|FO)\.csv$/.exec(path) ?? [];
  if (exchange === undefined) return null;
  const rows = [...instrumentsOn(shares, now).values()].filter(
    ({ symbol, contract }) =>
      symbol.startsWith(exchange) && (contract === undefined) === (segment === 'CM'),
  );
  const body = rows.map((row) => `${columns(row, now).join(',')}\n`).join('');
  return { status: 200, headers: { 'content-type': 'text/csv' }, body };
}

function columns({ symbol, name, token, fyToken, isin, contract }: Instrument, now: number) {
  const segment = contract === undefined ? 10 : 11;
  const [underlying, underlyingToken] = contract?.of ?? [name, token];
  return [
    fyToken,
    name,
    contract === undefined ? (isin === undefined ? 10 : 0) : contract.right === undefined ? 11 : 14,
    contract?.lot ?? 1,
    0.05,
    isin ?? '',
    '0915-1530|1815-1915:',
    dateText(now),
    contract === undefined ? '' : contract.expiresAt / SECOND,
    symbol,
    isOfBse(symbol) ? 12 : 10,
    segment,
    token,
    underlying,
    underlyingToken,
    contract?.strike ?? -1,
    contract?.right ?? 'XX',
    contract === undefined ? '' : cashToken(symbol, underlyingToken),
    'None',
    0,
    0,
  ];
}

/** @param kind futures of later months have no pre-open, like options */
function future(of: readonly [string, number], day: number, kind: Kind): Instrument {
  const name = `${of[0]}${dateText(day).slice(2, 4)}${month(day)}FUT`;
  const expiresAt = day + 15 * HOUR + 30 * MINUTE;
  return contractOf(name, kind, { of, expiresAt, lot: of === NIFTY ? 75 : 500 });
}

function contractOf(
  name: string,
  kind: Kind,
  contract: NonNullable<Instrument['contract']>,
): Instrument {
  const token = tokenOf(name);
  const symbol = `${contract.of === SENSEX ? 'BSE' : 'NSE'}:${name}`;
  const fyToken = `${exchangeCode(symbol)}11${formatYymmdd(contract.expiresAt)}${String(token)}`;
  return { symbol, kind, name, token, fyToken, contract };
}

function cashToken(symbol: string, token: number): string {
  return `${exchangeCode(symbol)}10000000${String(token)}`;
}

function exchangeCode(symbol: string): string {
  return isOfBse(symbol) ? '12' : '10';
}

function isOfBse(symbol: string): boolean {
  return symbol.startsWith('BSE:');
}

/** Weekly option names contain the date, those of a month's last expiry only the month. */
function optionsOf(day: number): readonly Instrument[] {
  const text = dateText(day);
  const week = `${'123456789OND'.charAt(Number(text.slice(5, 7)) - 1)}${text.slice(8)}`;
  const stem = `NIFTY${text.slice(2, 4)}${isLastOfMonth(day) ? month(day) : week}`;
  return Array.from({ length: STRIKES }, (_, index) => STRIKE_STEP * (index + 1)).flatMap(
    (strike) =>
      ['CE', 'PE'].map((right) => {
        const name = `${stem}${String(strike)}${right}`;
        const expiresAt = day + 15 * HOUR + 30 * MINUTE;
        return contractOf(name, 'option', { of: NIFTY, expiresAt, lot: 75, strike, right });
      }),
  );
}

function optionOfBse(day: number): Instrument {
  const name = `SENSEX${dateText(day).slice(2, 4)}${month(day)}80000CE`;
  const expiresAt = day + 15 * HOUR + 30 * MINUTE;
  return contractOf(name, 'option', {
    of: SENSEX,
    expiresAt,
    lot: 20,
    strike: 80_000,
    right: 'CE',
  });
}

/** Options of a share expire with its futures. */
function shareOptionsOf(of: readonly [string, number], day: number): readonly Instrument[] {
  const stem = `${of[0]}${dateText(day).slice(2, 4)}${month(day)}`;
  const expiresAt = day + 15 * HOUR + 30 * MINUTE;
  return SHARE_STRIKES.flatMap((strike) =>
    ['CE', 'PE'].map((right) =>
      contractOf(`${stem}${String(strike)}${right}`, 'option', {
        ...{ of, expiresAt, lot: 500, strike, right },
      }),
    ),
  );
}

/** Midnights of sixteen such weekdays, starting with that day. */
function daysFrom(midnight: number, weekday: number): readonly number[] {
  const today = new Date(midnight + 12 * HOUR).getUTCDay();
  const first = midnight + ((weekday - today + 7) % 7) * DAY;
  return Array.from({ length: 16 }, (_, week) => first + week * 7 * DAY);
}

function isLastOfMonth(day: number): boolean {
  return month(day + 7 * DAY) !== month(day);
}

function month(day: number): string {
  return MONTHS[Number(dateText(day).slice(5, 7)) - 1] ?? '';
}

function formatYymmdd(at: number): string {
  return dateText(at).slice(2).replaceAll('-', '');
}

/** In reality the exchange assigns tokens; here they are derived from the name. */
function tokenOf(name: string): number {
  return Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 90_000, 7) + 35_000;
}
