// Renders the section of the report on a stream: depth, messages, gaps, delay, and sound time by
// symbol.
import * as Plot from '@observablehq/plot';
import type { DeepLevel } from '../../../core/stream/level-values.ts';
import type { SessionGap, StreamFigures } from '../../../core/stream/stream-figures.ts';
import type { GapReason } from '../../../core/stream/updates.ts';
import { instant, MINUTE, SECOND } from '../../../core/time.ts';
import { formatMs as formatClockMs } from '../../shared/frames.ts';
import { formatShare } from '../../shared/terminal.ts';
import {
  type Tone,
  formatNumber,
  formatTick,
  type Hours,
  hourScale,
  hourTicks,
  labelOf,
  LEFT_MARGIN,
  LETTER_WIDTH,
  phaseEdges,
  shortName,
  svg,
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

const TONES: Readonly<Record<GapReason, Tone>> = {
  'sequence-gap': 'broker',
  closed: 'broker',
  'no-snapshot': 'broker',
  unreadable: 'broker',
  stopped: 'ours',
  lost: 'ours',
  damaged: 'ours',
};
/** Rows of the gaps table. */
const MAX_GAPS = 20;

export function renderStream(stream: StreamFigures, { session }: { session: Hours }): string {
  return `${renderHeading('Stream', 'From the stored frames.')}
<div class="pair">${[
    renderDepth(stream, session),
    ...renderMessages(stream, session),
    ...renderGaps(stream, session),
  ].join('\n')}</div>`;
}

function renderDepth(stream: StreamFigures, hours: Hours): string {
  const name = escapeHtml(shortName(stream.symbol));
  const picture = depthPicture(stream, hours);
  if (picture === null)
    return `<div class="card" style="flex-basis:100%"><h3>Depth of ${name}</h3><p>No book is sound.</p></div>`;
  const { largest, range, rupees } = picture;
  return `<div class="card" style="flex-basis:100%"><h3>Depth of ${name}</h3>
<p class="note">The whole book at the end of each column, by price in rupees. A stronger colour is a larger quantity, up to ${formatCount(largest)}. A column without colour has no sound book.</p>
${picture.svg}<ul class="legend"><li>${colourSpot('buy')}bids</li><li>${colourSpot('sell')}asks</li></ul>
<p class="note">₹ ${formatPrice(range[0])} to ${formatPrice(range[1])}, ₹ ${formatPrice(rupees)} a row; levels outside are left out.</p></div>`;
}

const ROWS = 50;
const HEIGHT = 300;
const MARGINS = { marginTop: 10, marginBottom: 24 };
const SHADES = 5;

/** A multiple of the tick: otherwise rows would have different numbers of levels. */
function rowHeight(sorted: readonly number[], range: number): number {
  const steps = sorted.map((price, index) => Math.round(100 * (price - (sorted[index - 1] ?? 0))));
  const tick = Math.min(...new Set(steps.filter((paise) => paise > 0)));
  return (tick * Math.ceil((100 * range) / tick / ROWS + 0.01)) / 100;
}

interface Cell {
  readonly side: 'buy' | 'sell';
  readonly row: number;
  readonly shade: number;
  readonly from: number;
  to: number;
}

/** One path for each colour, because a rectangle for each cell would make the page large. */
function depthPicture({ depth }: StreamFigures, hours: Hours) {
  const prices = depth
    .flatMap(({ bids, asks }) => [...bids, ...asks].flatMap(({ price }) => price ?? []))
    .sort((a, b) => a - b);
  const [low, high] = [0.005, 0.995].map((share) => prices[Math.floor(share * prices.length)]);
  if (low === undefined || high === undefined) return null;
  const rupees = rowHeight(prices, high - low);
  const top = low + rupees * ROWS;
  const { cells, largest } = cellsOf(depth, low, rupees);
  const byColour = Map.groupBy(cells, ({ side, shade }) => `${side} ${String(shade)}`);
  const marks = [...byColour.values()].map((alike) => {
    const [first] = alike;
    const points = alike.flatMap(({ row, from, to }) => {
      const price = low + rupees * (row + 0.5);
      return [
        { at: from, price },
        { at: to, price },
        { at: to, price: NaN },
      ];
    });
    return Plot.line(points, {
      ...{ x: 'at', y: 'price', z: null, strokeLinecap: 'butt' },
      stroke: `var(--${first?.side ?? 'buy'})`,
      strokeOpacity: ((first?.shade ?? 0) + 1) / SHADES,
      strokeWidth: (HEIGHT - MARGINS.marginTop - MARGINS.marginBottom) / ROWS,
    });
  });
  const picture = svg({
    ...MARGINS,
    height: HEIGHT,
    marginLeft: 14 + 6.8 * Math.max(formatTick(high).length, 4),
    x: hourScale(hours),
    y: { domain: [low, top], ticks: 6, label: null, tickFormat: formatTick },
    marks: [...phaseEdges(hours), ...marks, hourTicks(hours)],
  });
  return { svg: picture, largest, range: [low, top] as const, rupees };
}

/** Neighbouring columns of the same shade become one cell. */
function cellsOf(depth: StreamFigures['depth'], low: number, rupees: number) {
  const columns = depth.map(({ from, to, bids, asks }) => ({
    ...{ from, to, buy: quantities(bids, low, rupees), sell: quantities(asks, low, rupees) },
  }));
  const all = columns
    .flatMap(({ buy, sell }) => [...buy.values(), ...sell.values()])
    .sort((a, b) => a - b);
  const limits = Array.from(
    { length: SHADES - 1 },
    (_, shade) => all[Math.floor(((shade + 1) / SHADES) * all.length)] ?? Infinity,
  );
  const cells: Cell[] = [];
  const open = new Map<string, Cell>();
  for (const column of columns) {
    for (const side of ['buy', 'sell'] as const) {
      for (const [row, quantity] of column[side]) {
        const shade = limits.filter((limit) => quantity >= limit).length;
        const key = `${side} ${String(row)}`;
        const before = open.get(key);
        if (before?.to === column.from && before.shade === shade) {
          before.to = column.to;
          continue;
        }
        const cell: Cell = { side, row, shade, from: column.from, to: column.to };
        cells.push(cell);
        open.set(key, cell);
      }
    }
  }
  return { cells, largest: all.at(-1) ?? 0 };
}

/** Sums the quantities by row of the picture. */
function quantities(levels: readonly DeepLevel[], low: number, rupees: number) {
  const rows = new Map<number, number>();
  for (const { price, quantity } of levels) {
    const row = price === null ? -1 : Math.floor((price - low) / rupees + 1e-6);
    if (row >= 0 && row < ROWS && (quantity ?? 0) > 0)
      rows.set(row, (rows.get(row) ?? 0) + (quantity ?? 0));
  }
  return rows;
}

/** Inserts a zero for each minute without a message. */
function withZeros(minutes: StreamFigures['minutes']) {
  if (minutes.length === 0) return [];
  const rates = new Map(minutes.map((each) => [each.minute, each.messagesPerSecond] as const));
  const [first = 0, last = -1] = [minutes[0]?.minute, minutes.at(-1)?.minute];
  const all = [];
  for (let minute: number = first; minute <= last + MINUTE; minute += MINUTE)
    all.push({ minute, messagesPerSecond: rates.get(instant(minute)) ?? 0 });
  return all;
}

function renderMessages(stream: StreamFigures, hours: Hours): readonly string[] {
  const { minutes, delay, symbols } = stream;
  const picture = svg({
    ...{ height: 120, marginLeft: LEFT_MARGIN, marginTop: 10 },
    x: hourScale(hours),
    y: { ticks: 3, label: null, tickFormat: formatNumber, zero: true },
    marks: [
      ...phaseEdges(hours),
      Plot.gridY({ ticks: 3, stroke: 'var(--line)', strokeOpacity: 1 }),
      Plot.areaY(withZeros(minutes), {
        ...{ x: 'minute', y: 'messagesPerSecond', curve: 'step-after', fill: 'var(--series)' },
      }),
      Plot.ruleY([0], { stroke: 'var(--quiet)' }),
      hourTicks(hours),
    ],
  });
  const bySymbol = renderTable(
    ['Symbol', 'Updates', 'Sound'],
    symbols.map(({ symbol, updates, soundMs, sessionMs }) => [
      ...[shortName(symbol), formatCount(updates), formatShare(soundMs, sessionMs)],
    ]),
  );
  return [
    `<div class="card"><h3>Messages a second</h3>${picture}</div>`,
    `<div class="card small"><h3>Delivered</h3><p class="note">Sound: the share of the session in which the book was whole and current.</p>${bySymbol}</div>`,
    ...(delay === null ? [] : [renderDelay(delay)]),
  ];
}

function renderDelay(delay: NonNullable<StreamFigures['delay']>): string {
  const { unit, count, median, p95, p99, longest } = delay;
  const whole =
    unit === 's' ? ' It has whole seconds only, so each delay may be up to a second too long.' : '';
  const rows = [
    ['half of them', formatMs(median)],
    ['95 of 100', formatMs(p95)],
    ['99 of 100', formatMs(p99)],
    [`all ${formatCount(count)}`, formatMs(longest)],
  ];
  return `<div class="card small"><h3>Delay</h3><p class="note">From the broker's feed time to the receipt, measured with two clocks. Its number of digits shows that the feed time is in ${unit}.${whole}</p>${renderTable(['Updates', 'Within'], rows)}</div>`;
}

function renderGaps({ gaps, symbols }: StreamFigures, hours: Hours): readonly string[] {
  if (gaps.length === 0)
    return ['<div class="card small"><h3>Gaps</h3><p>The stream has no gap.</p></div>'];
  const names = symbols.map(({ symbol }) => symbol);
  const picture = svg({
    ...{ height: 34 + 22 * names.length, marginTop: 4 },
    marginLeft: 12 + LETTER_WIDTH * Math.max(4, ...names.map((name) => labelOf(name).length)),
    x: hourScale(hours),
    y: { type: 'band', domain: names, label: null, padding: 0.3, tickFormat: labelOf, tickSize: 0 },
    marks: [
      ...phaseEdges(hours),
      Plot.barX(joinGaps(gaps), {
        ...{ x1: 'from', x2: 'to', y: 'symbol' },
        fill: ({ reason }: SessionGap) => `var(--${TONES[reason]})`,
      }),
      hourTicks(hours),
    ],
  });
  const reasons = [...Map.groupBy(gaps, ({ reason }) => reason)].map(([reason, all]) => [
    { text: reason, tone: TONES[reason] },
    formatCount(all.length),
    `${formatCount(Math.ceil(all.reduce((sum, { from, to }) => sum + to - from, 0) / SECOND))} s`,
  ]);
  const rows = gaps
    .slice(0, MAX_GAPS)
    .map(({ symbol, reason, from, to }) => [
      ...[`${formatClockMs(from)} – ${formatClockMs(to)}`, reason, shortName(symbol)],
    ]);
  const left = gaps.length - rows.length;
  const more = left === 0 ? '' : `<p class="note">${formatCount(left)} more are not shown.</p>`;
  return [
    `<div class="card"><h3>Gaps</h3><p class="note">During a gap the book is not known.</p>${picture}${renderTable(['Reason', 'Gaps', 'Time'], reasons)}</div>`,
    `<div class="card large">${renderTable(['IST', 'Reason', 'Symbol'], rows, 'stacked')}${more}</div>`,
  ];
}

/** At most one bar for each symbol, reason and minute; a short gap is as wide as a minute. */
function joinGaps(gaps: readonly SessionGap[]): readonly SessionGap[] {
  const bars = new Map<string, SessionGap>();
  for (const gap of gaps) {
    const key = `${gap.symbol} ${gap.reason} ${String(Math.floor(gap.from / MINUTE))}`;
    const wide = Math.max(gap.to, gap.from + MINUTE, bars.get(key)?.to ?? 0) as SessionGap['to'];
    bars.set(key, { ...gap, from: bars.get(key)?.from ?? gap.from, to: wide });
  }
  return [...bars.values()];
}
