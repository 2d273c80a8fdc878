// Draws the report's pictures as SVG without script. Colours are CSS variables of the page, so they follow light and
// dark. The reason for a missing slot has one of five colours, by responsibility; they also differ in lightness. Phases
// are joined to bands.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type {
  CloseFigures,
  CoverageRun,
  LatencyFigures,
  MinuteFigures,
} from '../../../core/recording/figures.ts';
import type { Phase, PhaseName } from '../../../core/market/phases.ts';
import { type Instant, HOUR, MINUTE, SECOND, formatClock, instant } from '../../../core/time.ts';
import type { HoleReason, PlannedSlot } from '../../../core/recording/coverage.ts';

/** Width for a phone: larger screens place more pictures next to each other instead of enlarging them. */
const WIDTH = 360;
export const LEFT_MARGIN = 44;
/** Left margin for phase names. */
const LABEL_MARGIN = 96;
/** Approximate maximum width of a capital letter in the labels. */
export const LETTER_WIDTH = 7.8;
/** Longer names are shortened in the middle to leave room for the bars; the end of a contract's name identifies it. */
const MAX_NAME_LENGTH = 18;
const FONT = { fontSize: '12px', fontFamily: 'inherit' };
/** Typed unknown because this program has no DOM types. */
const DOCUMENT: unknown = Reflect.get(parseHTML('<!doctype html><html></html>'), 'document');

/** Times of the whole session, ascending. */
export interface Hours {
  readonly opensAt: Instant;
  readonly closesAt: Instant;
  readonly phases: readonly Phase[];
}

/** Draws runs of slots by symbol over the day; the page explains the tones next to it. */
export function coveragePicture(runs: readonly CoverageRun[], hours: Hours): string {
  const symbols = [...new Set(runs.map(({ symbol }) => symbol))];
  return svg({
    height: 34 + 22 * symbols.length,
    marginLeft: 12 + LETTER_WIDTH * Math.max(4, ...symbols.map((symbol) => labelOf(symbol).length)),
    marginTop: 4,
    x: hourScale(hours),
    y: {
      type: 'band',
      domain: symbols,
      label: null,
      padding: 0.3,
      tickFormat: labelOf,
      tickSize: 0,
    },
    marks: [
      ...phaseEdges(hours),
      Plot.barX(runs, {
        x1: 'from',
        x2: 'to',
        y: 'symbol',
        fill: ({ state }: CoverageRun) => `var(--${toneOf(state)})`,
      }),
      hourTicks(hours),
    ],
  });
}

interface Market {
  readonly minutes: readonly MinuteFigures[];
  readonly bands: readonly Band[];
}

/** Draws the last price of each minute above the traded quantity of each five minutes, over the phases of the symbol. */
export function marketPicture({ minutes, bands }: Market, hours: Hours): string {
  const prices = withBreaks(minutes);
  const [low, high] = priceRange(minutes.flatMap(({ price }) => price ?? []));
  const marginLeft = 14 + 6.8 * Math.max(formatTick(high).length, 4);
  const shared = { marginLeft, marginTop: 10, x: hourScale(hours) };
  const background = Plot.rect(bands, {
    x1: ({ from }: Band) => Math.max(from, hours.opensAt),
    x2: ({ to }: Band) => Math.min(to, hours.closesAt),
    fill: ({ tone }: Band) => `var(--${tone})`,
  });
  const grid = Plot.gridY({ ticks: 3, stroke: 'var(--line)', strokeOpacity: 1 });
  const price = svg({
    ...shared,
    height: 150,
    marginBottom: 6,
    y: { domain: [low, high], ticks: 4, label: null, tickFormat: formatTick },
    marks: [
      background,
      grid,
      Plot.lineY(prices, { x: 'minute', y: 'price', stroke: 'var(--series)', strokeWidth: 1.4 }),
    ],
  });
  const bars = volumeBars(minutes);
  const volume = svg({
    ...shared,
    height: 84,
    y: {
      domain: [0, Math.max(1, ...bars.map(({ traded }) => traded))],
      ticks: 2,
      label: null,
      tickFormat: formatNumber,
    },
    marks: [
      background,
      grid,
      Plot.rectY(bars, { x1: 'from', x2: 'to', y: 'traded', fill: 'var(--volume)' }),
      Plot.ruleY([0], { stroke: 'var(--quiet)' }),
      hourTicks(hours),
    ],
  });
  return `${price}${volume}`;
}

/** Widens the range a little, so that the line does not touch the edges; a constant price gets a range too. */
function priceRange(prices: readonly number[]): readonly [number, number] {
  if (prices.length === 0) return [0, 1];
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const margin = Math.max(0.06 * (high - low), 0.0005 * high, 0.05);
  return [Math.max(0, low - margin), high + margin];
}

function volumeBars(minutes: readonly MinuteFigures[]) {
  const byBar = Map.groupBy(minutes, ({ minute }) => Math.floor(minute / VOLUME_BAR_MS));
  return [...byBar].map(([bar, all]) => ({
    from: bar * VOLUME_BAR_MS,
    to: (bar + 1) * VOLUME_BAR_MS,
    traded: all.reduce((sum, { traded }) => sum + (traded ?? 0), 0),
  }));
}

const VOLUME_BAR_MS = 5 * MINUTE;

/** Tick labels of prices keep every digit: compact numbers would make neighbours equal. */
export function formatTick(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 1000 ? 2 : 0 });
}

/** Draws one value per minute; a minute without a value breaks the line. */
export function minutesPicture(
  minutes: readonly MinuteFigures[],
  hours: Hours,
  of: 'spread' | 'imbalance',
): string {
  const points = withBreaks(minutes).map((minute) => ({ at: minute.minute, value: minute[of] }));
  const domain = of === 'spread' ? [0, upperEdge(points.map(({ value }) => value))] : [-1, 1];
  return svg({
    height: 120,
    marginLeft: LEFT_MARGIN,
    marginTop: 10,
    x: hourScale(hours),
    y: { domain, ticks: 3, label: null, clamp: true, tickFormat: formatNumber },
    marks: [
      ...phaseEdges(hours),
      Plot.gridY({ ticks: 3, stroke: 'var(--line)', strokeOpacity: 1 }),
      Plot.ruleY([0], { stroke: 'var(--quiet)' }),
      Plot.lineY(points, { x: 'at', y: 'value', stroke: 'var(--series)', strokeWidth: 1.4 }),
      hourTicks(hours),
    ],
  });
}

export function latencyPicture({ bins }: LatencyFigures): string {
  const names = bins.map(({ upTo }, index) =>
    index === bins.length - 1
      ? 'more'
      : upTo < SECOND
        ? String(upTo)
        : `${String(upTo / SECOND)} s`,
  );
  return svg({
    height: 140,
    marginLeft: LEFT_MARGIN,
    marginTop: 10,
    x: { type: 'band', domain: names, label: null, padding: 0.15 },
    y: { ticks: 3, label: null, tickFormat: formatNumber },
    marks: [
      Plot.gridY({ ticks: 3, stroke: 'var(--line)', strokeOpacity: 1 }),
      Plot.barY(bins, {
        x: (_bin: unknown, index: number) => names[index],
        y: 'count',
        fill: 'var(--series)',
      }),
      Plot.ruleY([0], { stroke: 'var(--quiet)' }),
    ],
  });
}

/** Draws the last total quantities of each phase of the close: buy to the right, sell to the left. */
export function closePicture(close: readonly CloseFigures[]): string {
  const bars = close.flatMap(({ phase, totalBuyQuantity, totalSellQuantity }) => [
    { phase, quantity: totalBuyQuantity ?? 0, side: 'buy' },
    { phase, quantity: -(totalSellQuantity ?? 0), side: 'sell' },
  ]);
  return svg({
    height: 34 + 26 * close.length,
    marginLeft: LABEL_MARGIN,
    marginTop: 6,
    x: { ticks: 3, label: null, tickFormat: (value: number) => formatNumber(Math.abs(value)) },
    y: { type: 'band', domain: close.map(({ phase }) => phase), label: null },
    marks: [
      Plot.barX(bars, {
        x: 'quantity',
        y: 'phase',
        fill: ({ side }: { readonly side: string }) => `var(--${side})`,
      }),
      Plot.ruleX([0], { stroke: 'var(--quiet)' }),
    ],
  });
}

/** `NSE:SBIN-EQ` → `SBIN`; other names only lose the exchange. */
export function shortName(symbol: string): string {
  return symbol.replace(/^[A-Z]+:/, '').replace(/-EQ$/, '');
}

export function labelOf(symbol: string): string {
  const name = shortName(symbol);
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, 7)}…${name.slice(-10)}` : name;
}

/** 1,234,567 → `1.2M`, 0.05 → `0.05`: the axis has little room. */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(
    value,
  );
}

export function svg(options: Plot.PlotOptions): string {
  const picture: unknown = Plot.plot({
    document: DOCUMENT,
    width: WIDTH,
    marginRight: 8,
    marginBottom: 24,
    style: { ...FONT, background: 'none', overflow: 'visible' },
    ...options,
  });
  return String(Reflect.get(Object(picture), 'outerHTML'));
}

export function hourScale({ opensAt, closesAt }: Hours): Plot.ScaleOptions {
  return { type: 'linear', domain: [opensAt, closesAt], label: null, axis: null };
}

/** Ticks at every full hour of Indian time; every second hour for a long day. */
export function hourTicks({ opensAt, closesAt }: Hours) {
  const first = Math.ceil(opensAt / HALF_HOUR_MS) * HALF_HOUR_MS;
  const step = closesAt - opensAt > 3 * HOUR ? HOUR : HALF_HOUR_MS;
  const ticks = [];
  for (let at = first; at <= closesAt; at += HALF_HOUR_MS) {
    if ((at - first) % step === 0 && isWhole(at, step)) ticks.push(at);
  }
  return Plot.axisX(ticks, {
    tickFormat: (at: number) => formatClock(instant(at)).slice(0, 2 + (step === HOUR ? 0 : 3)),
    tickSize: 3,
    fontSize: 11,
  });
}

const HALF_HOUR_MS = HOUR / 2;

/** India is 5 h 30 min ahead of UTC, so its full hours are half hours of the epoch. */
function isWhole(at: number, step: number): boolean {
  return step === HALF_HOUR_MS || formatClock(instant(at)).endsWith(':00:00');
}

export function phaseEdges({ phases, opensAt }: Hours): readonly Plot.Markish[] {
  const edges = phases.map(({ from }) => from).filter((from) => from > opensAt);
  return [Plot.ruleX(edges, { stroke: 'var(--line)' })];
}

const NO_FIGURES = { spread: null, imbalance: null, price: null, traded: null };

/** Inserts breaks, so that no line bridges a gap of minutes. */
function withBreaks(minutes: readonly MinuteFigures[]): readonly MinuteFigures[] {
  return minutes.flatMap((minute, index) => {
    const before = minutes[index - 1];
    const away = before !== undefined && minute.minute - before.minute > MINUTE;
    return away ? [{ ...NO_FIGURES, minute: instant(before.minute + MINUTE) }, minute] : [minute];
  });
}

/** Upper limit of the axis: one outlier minute must not flatten the day. */
function upperEdge(values: readonly (number | null)[]): number {
  const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return Math.max(1, 1.25 * (sorted[Math.floor(sorted.length * 0.98)] ?? 0));
}

export type Tone = 'received' | 'token' | 'broker' | 'ours' | 'unexplained';

const TONES: Readonly<Record<HoleReason, Tone>> = {
  'no-token': 'token',
  'token-refused': 'token',
  'unknown-symbol': 'broker',
  'rate-limited': 'broker',
  'blocked-for-the-day': 'broker',
  timeout: 'broker',
  unreachable: 'broker',
  'broker-error': 'broker',
  'malformed-answer': 'broker',
  late: 'ours',
  'not-running': 'ours',
  stopped: 'ours',
  'clock-jump': 'ours',
  disk: 'ours',
  'socket-closed': 'broker',
  'no-snapshot': 'broker',
  'sequence-gap': 'broker',
  silent: 'broker',
  'stream-refused': 'broker',
};

export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  received: 'recorded',
  token: 'no valid token',
  broker: 'the broker or the network',
  ours: 'the harvester or its machine',
  unexplained: 'unexplained',
};

export function toneOf(state: PlannedSlot['state']): Tone {
  return state === 'received' || state === 'unexplained' ? state : TONES[state];
}

/** Colours of the bands; the page defines a variable for each. */
type BandTone = 'band-open' | 'band-trade' | 'band-close' | 'band-post' | 'band-other';

interface Band {
  readonly name: string;
  readonly tone: BandTone;
  readonly from: Instant;
  readonly to: Instant;
}

type BandKind = Pick<Band, 'name' | 'tone'>;

const PRE_OPEN: BandKind = { name: 'Pre-open', tone: 'band-open' };
const AUCTION: BandKind = { name: 'Closing auction', tone: 'band-close' };

const BANDS: Readonly<Record<PhaseName, BandKind>> = {
  PREOPEN_ENTRY: PRE_OPEN,
  PREOPEN_LIMIT: PRE_OPEN,
  PREOPEN_MATCH: PRE_OPEN,
  BUFFER: PRE_OPEN,
  BLOCK_DEAL: { name: 'Block deals', tone: 'band-other' },
  CONTINUOUS: { name: 'Continuous trading', tone: 'band-trade' },
  CLOSE_CALC: { name: 'Close is calculated', tone: 'band-close' },
  CAS_REF: AUCTION,
  CAS_ENTRY: AUCTION,
  CAS_LIMIT: AUCTION,
  CAS_MATCH: AUCTION,
  TRANSITION: { name: 'Transition', tone: 'band-other' },
  POSTCLOSE: { name: 'Post-close', tone: 'band-post' },
  UNKNOWN: { name: 'Unknown phase', tone: 'band-other' },
};

/** Neighbouring phases of the same band become one. */
export function bandsOf(phases: readonly Phase[]): readonly Band[] {
  const bands: Band[] = [];
  for (const { name, from, to } of phases) {
    const last = bands.at(-1);
    if (last?.name === BANDS[name].name && last.to === from)
      bands[bands.length - 1] = { ...last, to };
    else bands.push({ ...BANDS[name], from, to });
  }
  return bands;
}
