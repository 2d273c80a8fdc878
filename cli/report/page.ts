// One day as one page: no script, nothing from elsewhere, pictures inside. Everything on it is in the recording.
import { type CoverageSummary, type HoleReason, isWithoutRows } from '../../core/depth/coverage.ts';
import type { CoverageRun, DayFigures } from '../../core/depth/figures.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import { type Instant, formatClock, formatIst, istInstant } from '../../core/time.ts';
import { type RedSymbol, lookFirst } from '../look-first.ts';
import { share } from '../share.ts';
import { withoutControls } from '../terminal.ts';
import {
  closePicture,
  coveragePicture,
  latencyPicture,
  minutesPicture,
  shortName,
} from './pictures.ts';
import { colourSpot, count, escaped, heading, ms, price, table } from './html.ts';
import { STYLE } from './style.ts';
import { TONE_WORDS, toneOf } from './tones.ts';

export interface ReportDay {
  readonly session: SessionPlan;
  /** How far a day that is still being recorded was judged; null: to its end. */
  readonly until: Instant | null;
  /** From a file of the Python original. */
  readonly imported: boolean;
  readonly everySeconds: number;
  readonly coverage: CoverageSummary;
  readonly runs: readonly CoverageRun[];
  readonly figures: DayFigures;
  /** Symbols with too many rows of a mark; none where the recording has no marks yet. */
  readonly red: readonly RedSymbol[];
  /** Rows by quality mark; null where the recording has no marks yet. */
  readonly marks: Readonly<Record<string, number>> | null;
  /** Rows by field that the broker's answers had no usable value of. */
  readonly fieldFaults: readonly {
    readonly field: string;
    readonly column: string;
    readonly rows: number;
  }[];
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** More of them than a person reads; the event log has all. */
const HOLES_SHOWN = 40;

export function reportPage(day: ReportDay): string {
  const [when = ''] = formatIst(istInstant(day.session.date, '00:00')).split(',');
  const title = `NSE order book, ${when}`;
  const parts = [verdict, tiles, coverage, holes, byMinute, close, latency, marks, fields, files];
  // Names in the pictures are set by another library than the tables.
  return withoutControls(
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark">fyers-token-refresh</p>
<h1>${escaped(title)}</h1>
${parts.map((part) => part(inOrder(day))).join('\n')}
</main>
</body>
</html>
`,
    false,
  );
}

/** Symbols everywhere as the day's plan has them. */
function inOrder(day: ReportDay): ReportDay {
  const order = day.coverage.symbols.map(({ symbol }) => symbol);
  const sorted = <T extends { readonly symbol: string }>(all: readonly T[]): readonly T[] =>
    all.toSorted((a, b) => order.indexOf(a.symbol) - order.indexOf(b.symbol));
  const { symbols, close: closing } = day.figures;
  return {
    ...day,
    figures: { ...day.figures, symbols: sorted(symbols), close: sorted(closing) },
  };
}

function verdict({ until, coverage: all, red }: ReportDay): string {
  const tone = all.unexplained > 0 || isWithoutRows(all) ? 'bad' : 'good';
  const look = red.length === 0 ? '' : `<p class="verdict bad">${escaped(lookFirst(red))}</p>`;
  const far =
    until === null
      ? ''
      : `<p class="note">The session is not over: this page tells of it until ${formatClock(until)} IST.</p>`;
  return `<p class="verdict ${tone}">${verdictWords(all)}</p>${look}${far}`;
}

function verdictWords({ expected, received, explained, unexplained }: CoverageSummary): string {
  if (expected === 0) return 'No slot is old enough yet to be judged.';
  if (unexplained > 0) return `${count(unexplained)} slots have neither a row nor a reason.`;
  if (received === 0) return `No slot was recorded: all ${count(expected)} have a reason.`;
  return received === expected
    ? 'Every slot of every symbol was recorded.'
    : `Every slot was recorded or is explained: ${count(explained)} have no row.`;
}

function tiles({ session, everySeconds, coverage: all, figures }: ReportDay): string {
  const tile = (name: string, value: string, note: string) =>
    `<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`;
  const hours = `${formatClock(session.opensAt).slice(0, 5)}–${formatClock(session.closesAt).slice(0, 5)}`;
  const symbols = all.symbols.length;
  return `<dl class="tiles">${[
    tile(
      'Slots recorded',
      share(all.received, all.expected),
      `${count(all.received)} of ${count(all.expected)}`,
    ),
    tile('Explained', count(all.explained), 'no row, and why'),
    tile('Unexplained', count(all.unexplained), 'no row, no reason'),
    tile('Session', hours, 'Indian time'),
    tile(
      'A slot every',
      `${String(everySeconds)} s`,
      `${count(symbols)} ${symbols === 1 ? 'symbol' : 'symbols'}`,
    ),
    ...(figures.latency === null
      ? []
      : [tile('Answers within', ms(figures.latency.p95), '95 of 100')]),
  ].join('')}</dl>`;
}

function coverage({ session, runs, coverage: all }: ReportDay): string {
  const tones = [...new Set(runs.map(({ state }) => toneOf(state)))];
  const legend = tones.map((tone) => `<li>${colourSpot(tone)}${TONE_WORDS[tone]}</li>`);
  const rows = all.symbols.map((each) => [
    shortName(each.symbol),
    count(each.received),
    count(each.expected),
    share(each.received, each.expected),
    count(each.explained),
    count(each.unexplained),
  ]);
  const head = ['Symbol', 'Rows', 'Slots', 'Share', 'Explained', 'Unexplained'];
  return `${heading('Coverage', 'By symbol and minute. A minute takes the colour of what most of its missing slots were.')}
<div class="pair"><div class="card">${coveragePicture(runs, session)}<ul class="legend">${legend.join('')}</ul></div>
<div class="card large">${table(head, rows, 'stacked')}</div></div>`;
}

function holes({ runs, imported, coverage: all }: ReportDay): string {
  const reasons = Object.entries(all.holes) as [HoleReason, number][];
  if (reasons.length === 0 && all.unexplained === 0) return '';
  const missing = [
    ...Map.groupBy(
      runs.filter(({ state }) => state !== 'received').toSorted((a, b) => a.from - b.from),
      ({ state, from, to }) => `${state} ${String(from)} ${String(to)}`,
    ).values(),
  ];
  const rows = missing.slice(0, HOLES_SHOWN).map((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { from, to, state } = first;
    const symbols = alike.map(({ symbol }) => shortName(symbol));
    const clock = [from, to].map((at) => formatClock(at).slice(0, 5)).join(' – ');
    return [clock, state, symbols.length === all.symbols.length ? 'all' : symbols.join(', ')];
  });
  const left = missing.length - rows.length;
  const note = 'Minutes in which a slot has no row, joined where they follow each other.';
  const hours =
    ' The Python original records from 09:15 to 15:30: the rest of an imported day is not-running.';
  return `${heading('Holes', imported ? note + hours : note)}
<div class="pair"><div class="card small">${table(
    ['Reason', 'Slots'],
    reasons
      .toSorted(([, a], [, b]) => b - a)
      .map(([reason, slots]) => [{ text: reason, tone: toneOf(reason) }, count(slots)]),
  )}</div>
<div class="card large">${table(['IST', 'Reason', 'Symbols'], rows)}${
    left === 0 ? '' : `<p class="note">And ${count(left)} more: the event log has them all.</p>`
  }</div></div>`;
}

function byMinute({ session, figures: { symbols } }: ReportDay): string {
  const cards = (of: 'spread' | 'imbalance') =>
    symbols
      .filter(({ minutes }) => minutes.some((minute) => minute[of] !== null))
      .map(
        ({ symbol, minutes }) =>
          `<div class="card"><h3>${escaped(shortName(symbol))}</h3>${minutesPicture(minutes, session, of)}</div>`,
      )
      .join('\n');
  const [spread, imbalance] = [cards('spread'), cards('imbalance')];
  if (spread === '') {
    return heading(
      'Spread and imbalance',
      'No snapshot of continuous trading has orders on both sides.',
    );
  }
  return `${heading('Spread', 'Best ask less best bid in basis points of their middle: the median of each minute of continuous trading.')}
<div class="cards">${spread}</div>
${heading('Imbalance', 'Bid less ask quantity, divided by their sum, over the five levels: 1 is all bid, −1 all ask. The median of each minute of continuous trading.')}
<div class="cards">${imbalance}</div>`;
}

function close({ figures }: ReportDay): string {
  if (figures.close.length === 0) return '';
  const bySymbol = Map.groupBy(figures.close, ({ symbol }) => symbol);
  const cards = [...bySymbol].map(
    ([symbol, phases]) =>
      `<div class="card"><h3>${escaped(shortName(symbol))}</h3>${closePicture(phases)}${table(
        ['Phase', 'Rows', 'First ₹', 'Last ₹', 'Traded'],
        phases.map(({ phase, snapshots, firstPrice, lastPrice, traded }) => [
          phase,
          count(snapshots),
          price(firstPrice),
          price(lastPrice),
          traded === null ? '–' : count(traded),
        ]),
        'stacked',
      )}</div>`,
  );
  return `${heading(
    'Recorded while the close was made',
    'The last total quantities that the broker showed in each phase, and its prices. What its depth means during the auction is not documented; the imbalance of the auction itself is not in five levels.',
  )}
<ul class="legend"><li>${colourSpot('buy')}total buy quantity</li><li>${colourSpot('sell')}total sell quantity</li></ul>
<div class="cards">${cards.join('\n')}</div>`;
}

function latency({ figures: { latency: all } }: ReportDay): string {
  if (all === null) return '';
  return `${heading('Answers', 'Milliseconds from the request to the book, all symbols; each bar up to its number.')}
<div class="pair"><div class="card">${latencyPicture(all)}</div>
<div class="card small">${table(
    ['Answers', 'Within'],
    [
      ['half of them', ms(all.median)],
      ['95 of 100', ms(all.p95)],
      ['99 of 100', ms(all.p99)],
      [`all ${count(all.count)}`, ms(all.longest)],
    ],
  )}</div></div>`;
}

function marks(day: ReportDay): string {
  if (day.marks === null) return '';
  const counted = Object.entries(day.marks);
  const rows = counted.map(([mark, rows_]) => [
    mark,
    count(rows_),
    share(rows_, day.coverage.received),
  ]);
  return `${heading('Quality', 'Rows that carry a mark. They are kept: a mark says what to think about.')}
<div class="card">${
    rows.length === 0 ? '<p>No row carries a mark.</p>' : table(['Mark', 'Rows', 'Share'], rows)
  }</div>`;
}

function fields({ fieldFaults, coverage: all }: ReportDay): string {
  if (fieldFaults.length === 0) return '';
  const rows = fieldFaults.map(({ field, column, rows: rows_ }) => [
    column,
    field,
    count(rows_),
    share(rows_, all.received),
  ]);
  return `${heading('Empty columns', 'Rows whose answer had no usable value for a column: missing, of another type or implausible. Nothing was stored in its place.')}
<div class="card">${table(['Column', "The broker's name", 'Rows', 'Share'], rows)}</div>`;
}

function files(day: ReportDay): string {
  if (day.files.length === 0) {
    return heading('Files', 'The day is not compacted yet: these figures are of its running log.');
  }
  return `${heading('Files', 'As the manifest proves them.')}
<div class="card hashes">${table(
    ['File', 'Bytes', 'SHA-256'],
    day.files.map(({ name, bytes, sha256 }) => [name, count(bytes), sha256]),
    'stacked',
  )}</div>`;
}
