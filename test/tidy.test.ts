import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ROOT,
  importsOf,
  repositoryFiles,
  sourceFiles,
  withoutComments,
  type SourceFile,
} from './support/source-tree.ts';

const files = sourceFiles();
const production = files.filter(({ file }) => !file.startsWith('test/'));

/** Which folders a file may import; the longest matching place decides. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'core/': ['core/'],
  'adapters/': ['core/', 'adapters/'],
  'keeper/': ['core/', 'keeper/'],
  'harvester/': ['core/', 'harvester/'],
  'harvester/main.ts': ['core/', 'harvester/', 'adapters/'],
  'functions/': ['core/', 'keeper/', 'adapters/', 'functions/'],
  'cli/': ['core/', 'keeper/', 'harvester/', 'adapters/', 'cli/'],
  // The check of Node's version is plain JavaScript that every entry shares.
  'infra/': [
    'core/',
    'adapters/operator/',
    'adapters/process/clock.ts',
    'adapters/process/require-node.js',
    'infra/',
  ],
  'sandbox/': [
    'core/config/names.ts',
    'core/time.ts',
    'core/ports.ts',
    'core/errors.ts',
    'sandbox/',
  ],
  'sandbox/start.ts': [
    'core/config/stream-limits.ts',
    'core/errors.ts',
    'core/time.ts',
    'sandbox/',
  ],
  // The folder is a person's own: it is read as the program reads it.
  'sandbox/operator-folder.ts': [
    'adapters/operator/env-and-token-files.ts',
    'core/config/',
    'core/errors.ts',
    'sandbox/',
  ],
  // Only what is asked of the product itself: whether it would take the input, and which slots a day has.
  'sandbox/steps/preflight.ts': ['adapters/operator/', 'core/', 'sandbox/'],
  'sandbox/steps/main-job.ts': [
    'core/errors.ts',
    'core/market/phases.ts',
    'core/time.ts',
    'sandbox/',
  ],
  // It would agree with our mistakes.
  'sandbox/fyers/': ['sandbox/fyers/'],
  // What the documents need of the program.
  'tools/': ['core/', 'infra/', 'cli/', 'functions/', 'tools/'],
  'tools/raw-hour.ts': ['core/', 'adapters/process/', 'adapters/recordings/', 'tools/'],
  'bench/': ['core/', 'harvester/', 'adapters/', 'infra/', 'sandbox/', 'tools/', 'bench/'],
};

function place(file: string): string {
  const places = Object.keys(ARROWS).filter((candidate) => file.startsWith(candidate));
  return places.sort((a, b) => b.length - a.length)[0] ?? '';
}

function forbiddenArrows(all: readonly SourceFile[]): readonly string[] {
  return all.flatMap(({ file, imports }) => {
    const allowed = ARROWS[place(file)];
    if (allowed === undefined) return [`${file} is in no known folder`];
    return imports
      .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
      .map((target) => `${file} imports ${target}`);
  });
}

/** Lines that do something: imports, declarations of types, comments and lone brackets don't. */
function linesOfLogic(all: readonly SourceFile[]): number {
  const logic = (text: string) =>
    withoutComments(text)
      .replaceAll(/^import[\s\S]*?;$/gm, '')
      .replaceAll(/^(?:export )?interface [\s\S]*?^}$/gm, '')
      .replaceAll(/^(?:export )?type [\s\S]*?;$/gm, '')
      .split('\n')
      .filter((line) => /\w/.test(line)).length;
  return all.reduce((sum, { text }) => sum + logic(text), 0);
}

function uses(pattern: RegExp, all: readonly SourceFile[]): readonly string[] {
  return all.filter(({ text }) => pattern.test(withoutComments(text))).map(({ file }) => file);
}

describe('The shape of the code', () => {
  test('has source files to look at', () => {
    expect(production.length).toBeGreaterThan(20);
  });

  test('lets imports point only along the arrows', () => {
    expect(forbiddenArrows(production.filter(({ file }) => file.includes('/')))).toEqual([]);
  });

  test('sees an import against the arrows', () => {
    const text = "import { publish } from '../keeper/publish.ts';";
    const imports = importsOf(text).map((to) => path.posix.join('core', to));
    expect(forbiddenArrows([{ file: 'core/x.ts', text, imports, packages: [] }])).toEqual([
      'core/x.ts imports keeper/publish.ts',
    ]);
  });

  test('keeps the sandbox out of everything but tests, benchmarks and npm start', () => {
    const importers = production.filter(({ imports }) =>
      imports.some((target) => target.startsWith('sandbox/')),
    );
    const outside = importers.filter(({ file }) => !/^(?:sandbox|bench)\//.test(file));
    expect(outside.map(({ file }) => file)).toEqual([]);
  });

  test('keeps core to itself: only zod/mini, and node:crypto in the digests', () => {
    const foreign = files
      .filter(({ file }) => file.startsWith('core/'))
      .flatMap(({ file, packages }) => packages.map((name) => `${file}: ${name}`));
    expect(
      foreign.filter(
        (use) => !use.endsWith(': zod/mini') && use !== 'core/token/digest.ts: node:crypto',
      ),
    ).toEqual([]);
  });

  test('keeps clock, environment, randomness and network out of core', () => {
    const core = production.filter(({ file }) => file.startsWith('core/'));
    expect(
      uses(/Date\.now|new Date\(\)|process\.|Math\.random|\bfetch\(|setTimeout/, core),
    ).toEqual([]);
  });

  test('has Date only in core/time.ts and adapters/process', () => {
    const ours = production.filter(({ file }) => !/^(?:sandbox|bench)\//.test(file));
    const users = uses(/\bnew Date\b|\bDate\.(?:now|parse|UTC)\b/, ours);
    expect(
      users.filter((file) => file !== 'core/time.ts' && !file.startsWith('adapters/process/')),
    ).toEqual([]);
  });

  test('reads the process environment only where a process starts', () => {
    const ours = production.filter(({ file }) => file.includes('/'));
    const entries =
      /(?:^|\/)(?:main|handler|start|program)\.(?:ts|js)$|^sandbox\/|^bench\/|^infra\/index\.ts$/;
    expect(uses(/process\.env/, ours).filter((file) => !entries.test(file))).toEqual([]);
  });

  test('has no file over 500 lines, and no test over 800', () => {
    const lines = (text: string) => text.split('\n').length - 1;
    const long = files.filter(
      ({ file, text }) => lines(text) > (file.startsWith('test/') ? 800 : 500),
    );
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  test('has no small file for a single importer', () => {
    const importers = new Map<string, Set<string>>();
    for (const { file, imports } of production) {
      for (const target of imports) {
        importers.set(target, (importers.get(target) ?? new Set()).add(file));
      }
    }
    const small = production.filter(
      ({ file, text }) => importers.get(file)?.size === 1 && text.split('\n').length <= 40,
    );
    // Each command has its file, and the last one keeps an AWS client apart that is loaded on use only.
    const outside = /^(?:sandbox|bench|tools|cli\/commands)\/|^adapters\/aws\/pin\.ts$/;
    const names = small.map(({ file }) => file).filter((file) => !outside.test(file));
    expect(names, 'join each with its importer').toEqual([]);
  });

  test('keeps the three stand-ins and their faults within 2,700 lines of logic, npm start within 1,330', () => {
    // The tables of resource types are data, and the steps and texts of npm start are not a stand-in.
    const logic = production.filter(
      ({ file }) => file.startsWith('sandbox/') && !file.startsWith('sandbox/pulumi/resources/'),
    );
    const isStandIn = /^sandbox\/(?:aws\/|fyers\/|pulumi\/|faults\.ts$)/;
    const standIns = logic.filter(({ file }) => isStandIn.test(file));
    const narration = logic.filter(({ file }) => !isStandIn.test(file));
    expect(linesOfLogic(standIns)).toBeLessThanOrEqual(2_700);
    expect(linesOfLogic(narration)).toBeLessThanOrEqual(1_330);
  });

  test('has named exports only, no barrels, and no way around the linter', () => {
    // Pulumi takes a program by its default export.
    const named = production.filter(({ file }) => file !== 'infra/main.js' && file.includes('/'));
    expect(uses(/^export default/m, named)).toEqual([]);
    expect(uses(/^export (?:\*|\{[^}]*\}) from/m, production)).toEqual([]);
    const loophole = new RegExp(['eslint', 'disable'].join('-') + '|@ts-' + '(?:ignore|nocheck)');
    expect(files.filter(({ text }) => loophole.test(text)).map(({ file }) => file)).toEqual([]);
  });
});

describe('The repository', () => {
  const tracked = repositoryFiles();

  test('ignores every secret file of the operator folder', () => {
    const secrets = [
      '.env',
      'access_token.txt',
      'daily_token.txt',
      'refresh_token.txt',
      '.fyers-token-state.json',
      '.fyers-token-claim-2026-11-25-1',
    ];
    const ignored = execFileSync('git', ['check-ignore', '--no-index', ...secrets], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(ignored.trim().split('\n')).toEqual(secrets);
    expect(tracked.filter((file) => secrets.includes(path.basename(file)))).toEqual([]);
  });

  test('pins every dependency to one exact version', () => {
    const manifest: unknown = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ private: true, type: 'module' });
    const { dependencies, devDependencies } = manifest as Record<string, Record<string, string>>;
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(20);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('has no address of a registry in its lockfile', () => {
    expect(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(
      /"resolved": "http/,
    );
  });
});
