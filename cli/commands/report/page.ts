// Renders one day as one HTML page: no script, no external resources, inline pictures, light and dark. All content
// comes from the recording and is escaped here. The style sheet is written for a phone first; wider screens get more
// columns.
import { isLoopback } from '../../../core/config/values.ts';
import type { CoverageSummary, HoleReason } from '../../../core/recording/coverage.ts';
import type { CoverageRun, DayFigures } from '../../../core/recording/figures.ts';
import type { StreamFigures } from '../../../core/stream/stream-figures.ts';
import type { Phase, SessionPlan } from '../../../core/market/phases.ts';
import {
  formatClock,
  formatHhMm,
  formatIst,
  type Instant,
  istInstant,
} from '../../../core/time.ts';
import type { Verdict } from '../../shared/judgement.ts';
import { formatShare, withoutControls } from '../../shared/terminal.ts';
import {
  closePicture,
  coveragePicture,
  latencyPicture,
  marketPicture,
  minutesPicture,
  shortName,
  bandsOf,
  TONE_WORDS,
  toneOf,
} from './pictures.ts';
import {
  colourSpot,
  escapeHtml,
  formatCount,
  formatMs,
  formatPrice,
  renderHeading,
  renderTable,
} from './html.ts';
import { renderStream } from './stream.ts';

export interface ReportDay {
  readonly session: SessionPlan;
  /** By symbol: shares, futures and options have different ones. */
  readonly phases: readonly { readonly symbol: string; readonly phases: readonly Phase[] }[];
  /** The verdict of `./fyers check`. */
  readonly verdict: Verdict;
  /** The host that was used instead of Fyers' own API; null for a recording of Fyers. */
  readonly replacedBroker: string | null;
  /** For a running day: counted up to this instant; null: the whole day. */
  readonly until: Instant | null;
  /** True if imported from a file of the Python original. */
  readonly imported: boolean;
  readonly everySeconds: number;
  readonly coverage: CoverageSummary;
  readonly runs: readonly CoverageRun[];
  readonly figures: DayFigures;
  /** Absent if the day has no frames of a stream. */
  readonly stream?: StreamFigures;
  /** Rows by quality mark; null if the recording has no marks yet. */
  readonly marks: Readonly<Record<string, number>> | null;
  /** Rows by field for which the broker's answers had no usable value. */
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

/** Rows of the holes table; the event log has all holes. */
const MAX_HOLES = 40;

export function reportPage(day: ReportDay): string {
  const [when = ''] = formatIst(istInstant(day.session.date, '00:00')).split(',');
  const title = `NSE order book, ${when}`;
  const parts = [
    renderMarket,
    renderTiles,
    renderCoverage,
    renderHoles,
    renderMinutes,
    renderClose,
    ({ stream, ...day }: ReportDay) => (stream === undefined ? [] : [renderStream(stream, day)]),
    renderLatency,
    renderMarks,
    renderFieldFaults,
    renderFiles,
  ];
  // Another library sets the pictures' labels, so clean the whole page.
  return withoutControls(
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark">fyers-token-refresh</p>
${renderHead(day, title)}
${parts.flatMap((part) => part(sortByPlan(day))).join('\n')}
</main>
</body>
</html>
`,
    false,
  );
}

/** Sorts symbols in the order of the day's plan. */
function sortByPlan(day: ReportDay): ReportDay {
  const order = day.coverage.symbols.map(({ symbol }) => symbol);
  const sorted = <T extends { readonly symbol: string }>(all: readonly T[]): readonly T[] =>
    all.toSorted((a, b) => order.indexOf(a.symbol) - order.indexOf(b.symbol));
  const { symbols, close: closing } = day.figures;
  return {
    ...day,
    figures: { ...day.figures, symbols: sorted(symbols), close: sorted(closing) },
  };
}

function renderHead(day: ReportDay, title: string): string {
  const { until, verdict, replacedBroker } = day;
  const labels = [...(replacedBroker === null ? [] : [simulatedLabel(replacedBroker)])];
  if (day.imported) labels.push({ name: 'Imported day', note: IMPORTED_NOTE });
  const far =
    until === null
      ? ''
      : `<p class="note">The session is not over: this page covers it until ${formatClock(until)} IST.</p>`;
  return `<header>
<h1>${escapeHtml(title)}</h1>
${labels.map(({ name }) => `<p class="label">${name}</p>`).join('')}
<p class="verdict ${verdict.tone}">${escapeHtml(verdict.text)}</p>
${verdict.faults.map((fault) => `<p class="bad">${escapeHtml(fault)}</p>`).join('')}
${renderCounts(day)}${labels.map(({ note }) => `<p class="note">${escapeHtml(note)}</p>`).join('')}${far}
</header>`;
}

function renderCounts({
  everySeconds,
  coverage: { received, expected, symbols },
}: ReportDay): string {
  const number = `${formatCount(symbols.length)} ${symbols.length === 1 ? 'symbol' : 'symbols'}`;
  return `<p class="note">${formatCount(received)} of ${formatCount(expected)} slots are recorded (${formatShare(received, expected).replace(' ', '&nbsp;')}): ${number}, one slot every ${String(everySeconds)} s.</p>`;
}

const IMPORTED_NOTE =
  'Imported from a file of the Python original, which records from 09:15 to 15:30.';

/** A broker on this machine is a simulator; another host may be a proxy of Fyers. */
function simulatedLabel(host: string): { readonly name: string; readonly note: string } {
  return isLoopback(host)
    ? {
        name: 'Simulated day',
        note: `Not from Fyers: a simulator on this machine (${host}) answered, so no price here is real.`,
      }
    : { name: 'Not from Fyers itself', note: `${host} answered instead of Fyers.` };
}

function renderMarket({ session, phases, figures: { symbols } }: ReportDay): string {
  const cards = symbols.map(({ symbol, minutes }) => {
    const bands = bandsOf(phases.find((each) => each.symbol === symbol)?.phases ?? []);
    const legend = bands.map(
      ({ name, tone, from, to }) =>
        `<li>${colourSpot(tone)}${name} ${formatHhMm(from)}–${formatHhMm(to)}</li>`,
    );
    return `<div class="card"><h3>${escapeHtml(shortName(symbol))}</h3>${renderPrices(minutes)}${marketPicture({ minutes, bands }, session)}<ul class="legend bands">${legend.join('')}</ul></div>`;
  });
  if (cards.length === 0) return '';
  return `${renderHeading('Price and volume', 'The last price of each minute in rupees, and below it the quantity traded in each five minutes.')}
<div class="cards">${cards.join('\n')}</div>`;
}

/** Renders the last, lowest and highest price of the day and the traded quantity. */
function renderPrices(minutes: DayFigures['symbols'][number]['minutes']): string {
  const prices = minutes.flatMap(({ price }) => price ?? []);
  if (prices.length === 0) return '<p class="note">No row has a price.</p>';
  const traded = minutes.reduce((sum, minute) => sum + (minute.traded ?? 0), 0);
  const [low, high] = [Math.min(...prices), Math.max(...prices)].map(formatPrice);
  return `<p class="note">₹ ${formatPrice(prices.at(-1) ?? null)} last, ${low ?? ''} to ${high ?? ''}; ${formatCount(traded)} traded</p>`;
}

function renderTiles({ session, everySeconds, coverage: all, figures }: ReportDay): string {
  const tile = (name: string, value: string, note: string) =>
    `<div><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`;
  const hours = `${formatHhMm(session.opensAt)}–${formatHhMm(session.closesAt)}`;
  const symbols = all.symbols.length;
  return `<dl class="tiles">${[
    tile(
      'Slots recorded',
      formatShare(all.received, all.expected),
      `${formatCount(all.received)} of ${formatCount(all.expected)}`,
    ),
    tile('Explained', formatCount(all.explained), 'no row, with a reason'),
    tile('Unexplained', formatCount(all.unexplained), 'no row, no reason'),
    tile('Session', hours, 'Indian time'),
    tile(
      'A slot every',
      `${String(everySeconds)} s`,
      `${formatCount(symbols)} ${symbols === 1 ? 'symbol' : 'symbols'}`,
    ),
    ...(figures.latency === null
      ? []
      : [tile('Answers within', formatMs(figures.latency.p95), '95 of 100')]),
  ].join('')}</dl>`;
}

function renderCoverage({ session, runs, coverage: all }: ReportDay): string {
  const tones = [...new Set(runs.map(({ state }) => toneOf(state)))];
  const legend = tones.map((tone) => `<li>${colourSpot(tone)}${TONE_WORDS[tone]}</li>`);
  const rows = all.symbols.map((each) => [
    shortName(each.symbol),
    formatCount(each.received),
    formatCount(each.expected),
    formatShare(each.received, each.expected),
    formatCount(each.explained),
    formatCount(each.unexplained),
  ]);
  const head = ['Symbol', 'Rows', 'Slots', 'Share', 'Explained', 'Unexplained'];
  return `${renderHeading('Coverage', 'By symbol and minute. A minute has the colour of the most frequent reason of its missing slots.')}
<div class="pair"><div class="card">${coveragePicture(runs, session)}<ul class="legend">${legend.join('')}</ul></div>
<div class="card large">${renderTable(head, rows, 'stacked')}</div></div>`;
}

function renderHoles({ runs, imported, coverage: all }: ReportDay): string {
  const reasons = Object.entries(all.holes) as [HoleReason, number][];
  if (reasons.length === 0 && all.unexplained === 0) return '';
  const missing = [
    ...Map.groupBy(
      runs.filter(({ state }) => state !== 'received').toSorted((a, b) => a.from - b.from),
      ({ state, from, to }) => `${state} ${String(from)} ${String(to)}`,
    ).values(),
  ];
  const rows = missing.slice(0, MAX_HOLES).map((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { from, to, state } = first;
    const symbols = alike.map(({ symbol }) => shortName(symbol));
    const clock = [from, to].map((at) => formatHhMm(at)).join(' – ');
    return [clock, state, symbols.length === all.symbols.length ? 'all' : symbols.join(', ')];
  });
  const left = missing.length - rows.length;
  const note = 'Minutes in which a slot has no row. Consecutive minutes are joined.';
  const hours =
    ' The Python original records from 09:15 to 15:30: the rest of an imported day is not-running.';
  return `${renderHeading('Holes', imported ? note + hours : note)}
<div class="pair"><div class="card small">${renderTable(
    ['Reason', 'Slots'],
    reasons
      .toSorted(([, a], [, b]) => b - a)
      .map(([reason, slots]) => [{ text: reason, tone: toneOf(reason) }, formatCount(slots)]),
  )}</div>
<div class="card large">${renderTable(['IST', 'Reason', 'Symbols'], rows)}${
    left === 0 ? '' : `<p class="note">${formatCount(left)} more are in the event log.</p>`
  }</div></div>`;
}

function renderMinutes({ session, figures: { symbols } }: ReportDay): string {
  const cards = (of: 'spread' | 'imbalance') =>
    symbols
      .filter(({ minutes }) => minutes.some((minute) => minute[of] !== null))
      .map(
        ({ symbol, minutes }) =>
          `<div class="card"><h3>${escapeHtml(shortName(symbol))}</h3>${minutesPicture(minutes, session, of)}</div>`,
      )
      .join('\n');
  const [spread, imbalance] = [cards('spread'), cards('imbalance')];
  if (spread === '') {
    return renderHeading(
      'Spread and imbalance',
      'No snapshot of continuous trading has orders on both sides.',
    );
  }
  return `${renderHeading('Spread', 'Best ask less best bid in basis points of their middle: the median of each minute of continuous trading.')}
<div class="cards">${spread}</div>
${renderHeading('Imbalance', 'Bid less ask quantity, divided by their sum, over the five levels: 1 is all bid, −1 all ask. The median of each minute of continuous trading.')}
<div class="cards">${imbalance}</div>`;
}

function renderClose({ figures }: ReportDay): string {
  if (figures.close.length === 0) return '';
  const bySymbol = Map.groupBy(figures.close, ({ symbol }) => symbol);
  const cards = [...bySymbol].map(
    ([symbol, phases]) =>
      `<div class="card"><h3>${escapeHtml(shortName(symbol))}</h3>${closePicture(phases)}${renderTable(
        ['Phase', 'Rows', 'First ₹', 'Last ₹', 'Traded'],
        phases.map(({ phase, snapshots, firstPrice, lastPrice, traded }) => [
          phase,
          formatCount(snapshots),
          formatPrice(firstPrice),
          formatPrice(lastPrice),
          traded === null ? '–' : formatCount(traded),
        ]),
        'stacked',
      )}</div>`,
  );
  return `${renderHeading(
    'Recorded while the close was determined',
    'The last total quantities that the broker showed in each phase, and its prices. The meaning of the depth during the auction is not documented, and five levels do not contain the imbalance of the auction.',
  )}
<ul class="legend"><li>${colourSpot('buy')}total buy quantity</li><li>${colourSpot('sell')}total sell quantity</li></ul>
<div class="cards">${cards.join('\n')}</div>`;
}

function renderLatency({ figures: { latency: all } }: ReportDay): string {
  if (all === null) return '';
  return `${renderHeading('Answers', 'Milliseconds from the request to the book, all symbols; each bar up to its number.')}
<div class="pair"><div class="card">${latencyPicture(all)}</div>
<div class="card small">${renderTable(
    ['Answers', 'Within'],
    [
      ['half of them', formatMs(all.median)],
      ['95 of 100', formatMs(all.p95)],
      ['99 of 100', formatMs(all.p99)],
      [`all ${formatCount(all.count)}`, formatMs(all.longest)],
    ],
  )}</div></div>`;
}

function renderMarks(day: ReportDay): string {
  if (day.marks === null) return '';
  const counted = Object.entries(day.marks);
  const rows = counted.map(([mark, rows_]) => [
    mark,
    formatCount(rows_),
    formatShare(rows_, day.coverage.received),
  ]);
  return `${renderHeading('Quality', 'Rows with a mark. A mark names a possible problem; such rows are kept.')}
<div class="card">${
    rows.length === 0 ? '<p>No row has a mark.</p>' : renderTable(['Mark', 'Rows', 'Share'], rows)
  }</div>`;
}

function renderFieldFaults({ fieldFaults, coverage: all }: ReportDay): string {
  if (fieldFaults.length === 0) return '';
  const rows = fieldFaults.map(({ field, column, rows: rows_ }) => [
    column,
    field,
    formatCount(rows_),
    formatShare(rows_, all.received),
  ]);
  return `${renderHeading('Empty columns', 'Rows whose answer had no usable value for a column: missing, of another type or implausible. The column is empty in these rows.')}
<div class="card">${renderTable(['Column', "The broker's name", 'Rows', 'Share'], rows)}</div>`;
}

function renderFiles(day: ReportDay): string {
  if (day.files.length === 0) {
    return renderHeading(
      'Files',
      'The day is not compacted yet: these figures are from its running log.',
    );
  }
  return `${renderHeading('Files', 'Sizes and hashes from the manifest.')}
<div class="card hashes">${renderTable(
    ['File', 'Bytes', 'SHA-256'],
    day.files.map(({ name, bytes, sha256 }) => [name, formatCount(bytes), sha256]),
    'stacked',
  )}</div>`;
}

const STYLE = `:root{color-scheme:light dark;
--ground:light-dark(#f4f5f7,#14161a);--card:light-dark(#fff,#1d2026);--ink:light-dark(#1a1d21,#e8eaed);--quiet:light-dark(#5b6470,#9aa4b1);--line:light-dark(#dfe3e8,#31363e);
--good:light-dark(#0b6b3a,#5ed39a);--bad:light-dark(#a4262c,#ff8a8a);--series:light-dark(#1a4fd6,#7aa2ff);--buy:light-dark(#0f7f8c,#4fc4d2);--sell:light-dark(#b4531a,#f0a06a);
--received:light-dark(#2a9d6f,#3fae80);--token:light-dark(#e0b000,#f2cd4a);--broker:light-dark(#d26a1b,#ef9350);--ours:light-dark(#7a4fc0,#b495ef);--unexplained:light-dark(#a4262c,#ff5c5c);
--volume:light-dark(#98a5b8,#66738a);--partial:light-dark(#8a5300,#f2c14a);--label:light-dark(#ffe3a3,#5a4408);
--band-open:light-dark(#fdf0cf,#3d3517);--band-trade:light-dark(#eef3fb,#222a38);--band-close:light-dark(#f6dfe6,#45252f);--band-post:light-dark(#e2ece3,#22342a);--band-other:light-dark(#e4e4e8,#2c2f36)}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--ink)}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:break-word}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem;text-wrap:balance}
h2{font-size:1.15rem;margin:2rem 0 .25rem}
h3{font-size:.95rem;margin:0 0 .25rem}
p{margin:.25rem 0 .75rem;max-width:46rem;text-wrap:pretty}
.mark,.note,dt{color:var(--quiet)}
.mark,.note{font-size:.9rem}
.good{color:var(--good)}.bad{color:var(--bad)}.partial{color:var(--partial)}
.verdict{font-weight:600;font-size:1.1rem}
.label{display:inline-block;margin:0 .5rem .25rem 0;padding:.1rem .6rem;border-radius:1rem;font-size:.85rem;font-weight:600;background:var(--label);color:var(--ink)}
.verdict.good::before{content:"\\2713\\a0"}.verdict.bad::before{content:"\\2717\\a0"}.verdict.partial::before{content:"\\25D0\\a0"}
.tiles{display:grid;grid-template-columns:repeat(2,1fr);gap:.75rem;margin:1rem 0 0}
.tiles div,.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.75rem}
.tiles dt,.tiles .note{font-size:.8rem}
.tiles dd{margin:0;font-size:1.3rem;line-height:1.3;font-weight:600;white-space:nowrap;font-variant-numeric:tabular-nums}
.tiles .note{font-weight:400}
.card{container-type:inline-size}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:.75rem}
.card svg{display:block;width:100%;max-width:32rem;height:auto;margin:0 auto}
.pair{display:flex;flex-wrap:wrap;gap:.75rem}
.pair .card{flex:1 1 min(24rem,100%)}
.pair .small{flex:1 1 min(16rem,100%)}
.pair .large{flex:2 1 min(28rem,100%)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0;padding:0;font-size:.9rem}
.bands{font-size:.8rem;color:var(--quiet)}.bands i{outline:1px solid var(--line)}
i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.35rem}
table{width:100%;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
td:last-child{white-space:normal;overflow-wrap:anywhere}
th{font-weight:600;color:var(--quiet)}
tr:last-child td{border-bottom:none}
td.n,th.n{text-align:right}
.hashes td:last-child{font:.8rem/1.6 ui-monospace,monospace}
@container (max-width:28rem){
.stack{display:grid;grid-template-columns:repeat(var(--n),auto);font-size:.85rem}
.stack thead,.stack tbody{display:contents}
.stack tr{display:grid;grid-column:1/-1;grid-template-columns:subgrid;border-bottom:1px solid var(--line)}
.stack tbody tr:last-child,.stack th,.stack td{border:none}
.stack th,.stack td{padding-right:.4rem}
.stack th:last-child,.stack td:last-child{padding-right:0}
.stack th{font-size:.8rem}
.stack th:first-child{display:none}
.stack td:first-child{grid-column:1/-1;padding-bottom:0;font-weight:600;white-space:normal;overflow-wrap:anywhere}
}
@media(min-width:44rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media(min-width:64rem){.tiles{grid-template-columns:none;grid-auto-flow:column;grid-auto-columns:1fr}}
@media print{body{background:none}.card{break-inside:avoid}}
`;
