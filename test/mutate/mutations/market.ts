// Edits of what the market and a row are.
import type { Mutation } from '../tree.ts';

const CALENDAR = ['test/core/market/calendar.test.ts'];
const COLUMNS = ['test/core/depth/columns.test.ts'];

export const MARKET: readonly Mutation[] = [
  {
    name: 'a holiday is forgotten',
    file: 'core/market/nse-calendar.json',
    find: '"2026-10-20": "Dussehra",',
    replace: '',
    tests: ['test/core/market/pandas-market-calendars.test.ts'],
  },
  {
    name: 'a special session is a day late',
    file: 'core/market/nse-calendar.json',
    find: '"date": "2026-02-01"',
    replace: '"date": "2026-02-08"',
    tests: CALENDAR,
  },
  {
    name: 'an edge between two phases is a minute late',
    file: 'core/market/nse-calendar.json',
    find: `"to": "15:15" },
        { "name": "CAS_REF", "from": "15:15"`,
    replace: `"to": "15:16" },
        { "name": "CAS_REF", "from": "15:16"`,
    tests: CALENDAR,
  },
  {
    name: 'the hours of December begin a day late',
    file: 'core/market/nse-calendar.json',
    find: '"from": "2026-12-07",\n      "shares": ["auction"]',
    replace: '"from": "2026-12-08",\n      "shares": ["auction"]',
    tests: CALENDAR,
  },
  {
    name: 'a wait takes no notice of a day that the operator closes',
    file: 'harvester/loop.ts',
    find: "if (own.changed && !isSame(session, options.nextSession(now))) return 'another day';",
    replace: '',
    tests: ['test/harvester/loop.test.ts'],
  },
  {
    name: 'a phase has its end in it',
    file: 'core/market/phases.ts',
    find: 'from <= at && at < to',
    replace: 'from <= at && at <= to',
    tests: CALENDAR,
  },
  {
    name: 'the slot grid has its end in it',
    file: 'core/market/slots.ts',
    find: 'Math.ceil((plan.closesAt - plan.opensAt) / (everySeconds * SECOND));',
    replace: 'Math.floor((plan.closesAt - plan.opensAt) / (everySeconds * SECOND)) + 1;',
    tests: ['test/core/market/slots.test.ts'],
  },
  {
    name: 'a column is dropped',
    file: 'core/depth/columns.ts',
    find: `  shares('volume', ({ book }) => book.volume),
`,
    replace: '',
    tests: COLUMNS,
  },
  {
    name: 'a column holds another value',
    file: 'core/depth/columns.ts',
    find: "price('low', ({ book }) => book.low)",
    replace: "price('low', ({ book }) => book.high)",
    tests: COLUMNS,
  },
  {
    name: 'a missing price is zero',
    file: 'core/depth/depth-answer.ts',
    find: 'return value === 0 ? null : value;',
    replace: 'return value;',
    tests: ['test/core/depth/depth-answer.test.ts'],
  },
  {
    name: 'a hole wins over its row',
    file: 'core/depth/coverage.ts',
    find: 'if (before === EMPTY) ofSymbol[at] = mark;',
    replace: 'ofSymbol[at] = mark;',
    tests: ['test/core/depth/coverage.test.ts'],
  },
];
