// Lists edits of the rules of the market, and of rows.
import { editsOf, type Mutation } from '../tree.ts';

const CALENDAR = 'test/core/market/calendar.test.ts';
const SURPRISE = 'test/harvester/unscheduled-session.test.ts';
const SYMBOL_PLAN = 'test/core/market/symbol-plan.test.ts';
const COLUMNS = 'test/core/recording/columns.test.ts';

export const MARKET: readonly Mutation[] = [
  ...editsOf('core/market/nse-calendar.json', 'test/full/pandas-market-calendars.test.ts', {
    'a holiday is forgotten': ['"2026-10-20": "Dussehra",'],
  }),
  ...editsOf('core/market/nse-calendar.json', CALENDAR, {
    'a special session is a day late': ['"date": "2026-02-01"', '"date": "2026-02-08"'],
    'an edge between two phases is a minute late': [
      '"to": "15:15" },\n        { "name": "CAS_REF", "from": "15:15"',
      '"to": "15:16" },\n        { "name": "CAS_REF", "from": "15:16"',
    ],
    'the hours of December begin a day late': [
      '"part": "trading",\n      "from": "2026-12-07",\n      "shares": ["auction"]',
      '"part": "trading",\n      "from": "2026-12-08",\n      "shares": ["auction"]',
    ],
    'derivatives get their pre-open a week late': ['"from": "2025-12-08"', '"from": "2025-12-15"'],
    'a Saturday of half sessions ends a minute late': [
      '"from": "11:30", "to": "12:30"',
      '"from": "11:30", "to": "12:31"',
    ],
  }),
  ...editsOf('core/market/calendar.ts', 'test/core/market/years.test.ts', {
    'a year counts as complete after one override of the operator': [
      "return overrides.some((entry) => 'year' in entry && entry.year === year);",
      'return overrides.length > 0 && year > 0;',
    ],
  }),
  ...editsOf('core/market/calendar.ts', 'test/core/market/special-session.test.ts', {
    'a special session has no closing auction': [
      'closingOn(date, shares)?.phases ?? []',
      'closingOn(date, shares)?.phases.slice(0, 0) ?? []',
    ],
  }),
  ...editsOf('core/market/symbol-plan.ts', 'test/core/market/special-session.test.ts', {
    'an option has a pre-open': [
      "  if (!symbol.endsWith('FUT')) return false;",
      "  if (!symbol.endsWith('FUT')) return true;",
    ],
  }),
  ...editsOf('core/market/symbol-plan.ts', SYMBOL_PLAN, {
    'a contract of an index trades on after its end': [
      'expiresOn === date ? lastDay : usual',
      'usual',
    ],
    'the hours of an index look certain': ["or: 'unknown' };", 'or: null };'],
  }),
  ...editsOf('harvester/loop.ts', 'test/harvester/loop.test.ts', {
    'a wait ignores a day that the operator closes': [
      "if (own.changed && !isSame(session, nextSession(now, calendar))) return 'another day';",
    ],
  }),
  ...editsOf('adapters/operator/calendar-file.ts', 'test/harvester/main.test.ts', {
    'the harvester keeps the calendar overrides of its start': [
      'get overrides() {\n      return overrides;\n    },',
      'overrides,',
    ],
  }),
  ...editsOf('harvester/unscheduled-session.ts', SURPRISE, {
    'a closed day is recorded although the broker reports a closed market': [
      "if (status !== 'OPEN') return null;",
    ],
    'a surprise session is not closed before midnight': [
      'last?.date === date && clock.now() >= last.closesAt',
      'false',
    ],
    'a surprise session ends with the process that noticed it': [
      '  if (known !== null) return known;\n',
    ],
  }),
  ...editsOf('harvester/loop.ts', SURPRISE, {
    'another machine does not continue a surprise session': [
      " || session.name === 'surprise') await upload.resume();",
      ') await upload.resume();',
    ],
  }),
  ...editsOf('harvester/token.ts', SURPRISE, {
    'token-missing is logged on a closed day': [
      'if (!quietly) events.log(tokenMissing());',
      'events.log(tokenMissing());',
    ],
  }),
  ...editsOf('core/market/unscheduled.ts', SURPRISE, {
    'the operator who closes a day is doubted': ['return !isOverridden && ', 'return '],
  }),
  ...editsOf('core/market/phases.ts', SURPRISE, {
    'the rows of a surprise session are outside of it': [
      "if (session !== 'surprise') return",
      'return',
    ],
  }),
  ...editsOf('cli/commands/compact.ts', 'test/cli/compact.test.ts', {
    'a running surprise is compacted by hand': [
      ', await readPlannedClose(folder))',
      ', io.clock.now())',
    ],
  }),
  ...editsOf('core/market/phases.ts', CALENDAR, {
    'a phase has its end in it': ['from <= at && at < to', 'from <= at && at <= to'],
  }),
  ...editsOf('core/market/phases.ts', 'test/core/market/slots.test.ts', {
    'the slot grid has its end in it': [
      'Math.ceil((plan.closesAt - plan.opensAt) / (everySeconds * SECOND));',
      'Math.floor((plan.closesAt - plan.opensAt) / (everySeconds * SECOND)) + 1;',
    ],
  }),
  ...editsOf('core/recording/book.ts', COLUMNS, {
    'a column is dropped': [
      "  volume: { column: 'volume', kind: 'count', rest: 'v', hsm: 'vol_traded_today' },\n",
    ],
  }),
  ...editsOf('core/recording/book.ts', 'test/adapters/fyers/depth-answer.test.ts', {
    'a column holds another value': [
      "low: { column: 'low', kind: 'price', rest: 'l', hsm: 'low_price' },",
      "low: { column: 'low', kind: 'price', rest: 'h', hsm: 'low_price' },",
    ],
  }),
  ...editsOf('adapters/fyers/depth-answer.ts', 'test/adapters/fyers/depth-answer.test.ts', {
    'a missing price is zero': ['return price === 0 ? null : price;', 'return price;'],
    'an implausible trade time is stored': ['at > receivedAt + CLOCK_TOLERANCE_MS || '],
  }),
  ...editsOf('adapters/aws/metrics.ts', 'test/adapters/aws/fault-bell.test.ts', {
    'a fault that is met again rings again': ['if (before === undefined) waiting', 'waiting'],
  }),
  ...editsOf('harvester/day.ts', 'test/harvester/field-faults.test.ts', {
    'a restart rings for the same fields again': [
      'fieldFaultsIn(options.past).map(({ field }) => field)',
      '[]',
    ],
  }),
  ...editsOf('core/recording/coverage.ts', 'test/core/recording/coverage.test.ts', {
    'a hole wins over its row': [
      'if (before === EMPTY) ofSymbol[at] = mark;',
      'ofSymbol[at] = mark;',
    ],
    'a clock that was set back makes the day longer': [
      '...plans.slice(index + 1).map(',
      '...plans.slice(index + 1, index + 2).map(',
    ],
  }),
];
