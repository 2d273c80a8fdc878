// Lists edits against the shape of the code.
import { editsOf, type Mutation } from '../tree.ts';

const TIDY = 'test/tidy.test.ts';

export const SHAPE: readonly Mutation[] = [
  ...editsOf('test/tidy.test.ts', TIDY, {
    'an arrow lets core import the keeper': [
      "'core/': ['core/'],",
      "'core/': ['core/', 'keeper/'],",
    ],
  }),
  ...editsOf('core/schedule.ts', TIDY, {
    'core imports the keeper': [
      "import { type Instant, type IstDate, istInstant } from './time.ts';",
      `import '../keeper/publish.ts';
import { type Instant, type IstDate, istInstant } from './time.ts';`,
    ],
    'core reads the clock': [
      "import { type Instant, type IstDate, istInstant } from './time.ts';",
      `import { type Instant, type IstDate, istInstant } from './time.ts';
export const STARTED = Date.now();`,
    ],
  }),
  ...editsOf('harvester/interval.ts', TIDY, {
    'the harvester’s use case reaches an adapter': [
      "from '../core/time.ts';",
      "from '../core/time.ts';\nimport '../adapters/recordings/parquet/parquet.ts';",
    ],
  }),
  ...editsOf('.gitignore', TIDY, {
    'git would take the refresh token': ['refresh_token.txt\n'],
  }),
];
