// Edits of how a day is recorded.
import type { Mutation } from '../tree.ts';

const DAY_LOG = ['test/adapters/files/day-log.test.ts'];
const REST_DEPTH = ['test/adapters/fyers/rest-depth.test.ts'];
const PIECES = ['test/harvester/pieces.test.ts'];
const QUALITY = ['test/core/depth/quality.test.ts'];
const LOOP = ['test/harvester/loop.test.ts'];
const ALARMS = ['test/infra/alarms/thirty-days.test.ts'];

export const HARVESTER: readonly Mutation[] = [
  {
    name: 'a process that dies at once looks alive',
    file: 'harvester/health.ts',
    find: 'due(plus(beganAt, HEARTBEAT), HEARTBEAT,',
    replace: 'due(beganAt, HEARTBEAT,',
    tests: ALARMS,
  },
  {
    name: 'a second signal asks again',
    file: 'harvester/main.ts',
    find: 'process.once(name, () => {',
    replace: 'process.on(name, () => {',
    tests: ['test/harvester/main.test.ts'],
  },
  {
    name: 'nobody hears of the slots that a death cost',
    file: 'harvester/loop.ts',
    find: '  health.lost(day.lost);\n',
    replace: '',
    tests: ALARMS,
  },
  {
    name: 'an append is not on disk when it counts',
    file: 'adapters/files/append-file.ts',
    find: `        await handle.datasync();
`,
    replace: '',
    tests: DAY_LOG,
  },
  {
    name: 'a torn last line stays',
    file: 'adapters/files/append-file.ts',
    find: 'if (whole < size) await handle.truncate(whole);',
    replace: '',
    tests: DAY_LOG,
  },
  {
    name: 'Parquet is not read back',
    file: 'adapters/files/parquet.ts',
    find: 'await compare(partial, columns, Number(parquet.num_rows), sums);',
    replace: '',
    tests: ['test/adapters/files/parquet.test.ts'],
  },
  {
    name: 'a count beyond 32 bits is cut when it is written',
    file: 'adapters/files/parquet-chunk.ts',
    find: 'Math.floor(value / 2 ** 32)',
    replace: '0',
    tests: ['test/adapters/files/parquet.test.ts'],
  },
  {
    name: 'two values of one hash are one',
    file: 'adapters/files/dictionary.ts',
    find: 'while (place > 0 && values[place - 1] !== number)',
    replace: 'while (place < 0)',
    tests: ['test/adapters/files/parquet.test.ts'],
  },
  {
    name: 'the quick reader takes a fraction for a count',
    file: 'adapters/files/line-parser.ts',
    find: 'if (whole || point === first',
    replace: 'if (point === first',
    tests: ['test/adapters/files/line-parser.test.ts'],
  },
  {
    name: 'an object is overwritten',
    file: 'adapters/aws/object-store.ts',
    find: `            IfNoneMatch: '*',
`,
    replace: '',
    tests: ['test/adapters/aws/object-store.test.ts'],
  },
  {
    name: 'the feed takes a slot at the close',
    file: 'adapters/fyers/rest-depth.ts',
    find: 'next < session.closesAt ? next : null',
    replace: 'next <= session.closesAt ? next : null',
    tests: REST_DEPTH,
  },
  {
    name: 'the feed sends all symbols at once',
    file: 'core/rate-plan.ts',
    find: 'export const BURST = 5;',
    replace: 'export const BURST = 50;',
    tests: REST_DEPTH,
  },
  {
    name: 'the feed goes on after the second strike',
    file: 'adapters/fyers/rest-pauses.ts',
    find: 'STRIKES_ALLOWED = 2',
    replace: 'STRIKES_ALLOWED = 4',
    tests: REST_DEPTH,
  },
  {
    name: 'a refused token is not recognised',
    file: 'adapters/fyers/depth-refusal.ts',
    find: "[-15, 'token-refused']",
    replace: "[-15, 'broker-error']",
    tests: REST_DEPTH,
  },
  {
    name: 'the manifest goes up first',
    file: 'harvester/ship.ts',
    find: '[...manifest.files, await folder.manifestFacts()]',
    replace: '[await folder.manifestFacts(), ...manifest.files]',
    tests: LOOP,
  },
  {
    name: 'a dead token is used',
    file: 'harvester/token.ts',
    find: '(expiresAt ?? 0) > clock.now()',
    replace: '(expiresAt ?? 0) > 0',
    tests: LOOP,
  },
  {
    name: 'the store is asked in every slot',
    file: 'harvester/token.ts',
    find: 'REREAD_AFTER = MINUTE',
    replace: 'REREAD_AFTER = 1',
    tests: LOOP,
  },
  {
    name: 'a hole is not written down',
    file: 'harvester/day.ts',
    find: `await explained(holes);
      return holes.flatMap`,
    replace: 'return holes.flatMap',
    tests: LOOP,
  },
  {
    name: 'a piece is sent before it is on disk',
    file: 'harvester/pieces.ts',
    find: 'if (state.pending === null) await pieces.save({ ...state, pending });',
    replace: '',
    tests: PIECES,
  },
  {
    name: 'the whole day goes up past the fence',
    file: 'harvester/finish.ts',
    find: `      await folder.markShipped('conflict');
      return 'conflict';
`,
    replace: '',
    tests: PIECES,
  },
  {
    name: 'nobody looks for what another machine has shipped',
    file: 'harvester/pieces.ts',
    find: 'if (!hasEvents) break;',
    replace: 'if (!hasEvents || next > 0) break;',
    tests: PIECES,
  },
  {
    name: 'rows are written while the plan is not',
    file: 'adapters/files/days.ts',
    find: '      await events.append([]);\n',
    replace: '',
    tests: ['test/adapters/files/days.test.ts'],
  },
  {
    name: 'a line that was cut short counts as a row',
    file: 'adapters/files/day-archive.ts',
    find: 'yield torn ? [null] : rowsOf(bytes, parse);',
    replace: "yield rowsOf(torn ? Buffer.concat([bytes, Buffer.from('\\n')]) : bytes, parse);",
    tests: PIECES,
  },
  {
    name: 'an auction looks crossed',
    file: 'core/depth/quality.ts',
    find: "const continuous = phase?.name === 'CONTINUOUS';",
    replace: 'const continuous = phase !== null;',
    tests: QUALITY,
  },
  {
    name: 'a day is red for what was to be recorded of a future',
    file: 'core/depth/quality.ts',
    find: 'planned !== null && planned.opensAt <= at && at < planned.closesAt',
    replace: 'planned !== null && planned.opensAt > at',
    tests: ['test/cli/derivative-day.test.ts'],
  },
  {
    name: 'an index is blamed for having no book',
    file: 'core/depth/quality.ts',
    find: 'hasBook: !isIndex(symbol)',
    replace: 'hasBook: true',
    tests: ['test/cli/derivative-day.test.ts'],
  },
  {
    name: 'an average is expected to be the last price',
    file: 'core/depth/previous-close.ts',
    find: 'return byAuction ?',
    replace: 'return symbol !== "" ?',
    tests: ['test/core/depth/previous-close.test.ts'],
  },
  {
    name: 'a moving book looks frozen',
    file: 'core/depth/quality.ts',
    find: 'bookStands && alike(last, row.numbers, OTHERS)',
    replace: 'bookStands',
    tests: QUALITY,
  },
  {
    name: 'a symbol master that was cut short is used',
    file: 'adapters/fyers/symbol-master.ts',
    find: '    await check(segment, partial);\n',
    replace: '',
    tests: ['test/adapters/fyers/symbol-master.test.ts'],
  },
  {
    name: 'a name that is not known at 08:30 stays unknown',
    file: 'harvester/day-naming.ts',
    find: 'if (names !== null && lacking(names) === 0) return;',
    replace: 'if (names !== null) return;',
    tests: ['test/harvester/day-naming.test.ts'],
  },
  {
    name: 'an expired contract is recorded',
    file: 'core/market/aliases.ts',
    find: ' && expiresOn >= date',
    replace: ' && expiresOn >= ""',
    tests: ['test/core/market/aliases.test.ts'],
  },
];
