// Lists edits against the shape of the code.
import type { Mutation } from '../tree.ts';

const TIDY = ['test/tidy.test.ts'];

export const SHAPE: readonly Mutation[] = [
  {
    name: 'an arrow lets core import the keeper',
    file: 'test/tidy.test.ts',
    find: "'core/': ['core/'],",
    replace: "'core/': ['core/', 'keeper/'],",
    tests: TIDY,
  },
  {
    name: 'core imports the keeper',
    file: 'core/schedule.ts',
    find: "import { type Instant, type IstDate, istInstant } from './time.ts';",
    replace: `import '../keeper/publish.ts';
import { type Instant, type IstDate, istInstant } from './time.ts';`,
    tests: TIDY,
  },
  {
    name: 'the harvester’s use case reaches an adapter',
    file: 'harvester/interval.ts',
    find: "from '../core/time.ts';",
    replace: `from '../core/time.ts';
import '../adapters/recordings/parquet/parquet.ts';`,
    tests: TIDY,
  },
  {
    name: 'core reads the clock',
    file: 'core/schedule.ts',
    find: "import { type Instant, type IstDate, istInstant } from './time.ts';",
    replace: `import { type Instant, type IstDate, istInstant } from './time.ts';
export const STARTED = Date.now();`,
    tests: TIDY,
  },
  {
    name: 'git would take the refresh token',
    file: '.gitignore',
    find: `refresh_token.txt
`,
    replace: '',
    tests: TIDY,
  },
];
