// Checks that links, anchors, file names, commands and scripts in the documents exist.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import contract from '../contract.json' with { type: 'json' };
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { HOLE_REASONS } from '../../core/recording/coverage.ts';
import { findCommands, findProblem } from '../errors/commands.ts';
import { ROOT, repositoryFiles } from '../support/source-tree.ts';

const FILES: ReadonlySet<string> = new Set(repositoryFiles());
const FOLDERS: ReadonlySet<string> = new Set(
  [...FILES].flatMap((file) =>
    file.split('/').map((_, index, parts) => parts.slice(0, index).join('/')),
  ),
);
/** Pages for users of the project; their tables must be narrow. */
const PAGES = [...FILES].filter((file) => /^(?:README|docs\/[\w-]+)\.md$/.test(file));
const DOCUMENTS = [
  ...[...FILES].filter((file) => /^(?:README|CONTRIBUTING|ARCHITECTURE|docs\/.+)\.md$/.test(file)),
  'sandbox/README.md',
  'test/README.md',
];
/** The terms that code and documents use in one sense only. */
const TERMS = [
  ...['trading day', 'broker day', 'session', 'phase', 'slot', 'row', 'level', 'feed', 'day log'],
  ...['event log', 'hole', 'gap', 'update', 'compaction', 'manifest', 'access token', 'mark'],
  ...['refresh token', 'auth code', 'app id', 'keeper', 'latch', 'adopt', 'harvester', 'shard'],
];
const MAX_README_BYTES = 9_000;
const MAX_ROW_WIDTH = 120;

const textOf = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** Removes code blocks: a link in code is an example. */
function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** Computes the anchors that GitHub creates for headings. */
function anchorsIn(text: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return new Set(
    headings.map((slug, index) => {
      const before = headings.slice(0, index).filter((other) => other === slug).length;
      return before === 0 ? slug : `${slug}-${String(before)}`;
    }),
  );
}

/** Returns the targets of links and pictures that do not exist. */
function findBrokenLinks(file: string, text: string): readonly string[] {
  const links = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"/g)];
  return links
    .map(([, link, picture]) => link ?? picture ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [place = '', anchor] = target.split('#');
      const to = place === '' ? file : path.posix.join(path.posix.dirname(file), place);
      const name = to.replace(/\/$/, '');
      if (!FILES.has(name)) return !FOLDERS.has(name) || anchor !== undefined;
      return anchor !== undefined && !anchorsIn(name === file ? text : textOf(name)).has(anchor);
    });
}

/** Returns names in backticks that look like files of the repository. */
function findFileNames(text: string): readonly string[] {
  return [...withoutBlocks(text).matchAll(/`([\w.][\w.@{},*/-]*)`/g)]
    .map(([, name = '']) => name)
    .filter((name) => !/NAME|DATE|BUCKET/.test(name))
    .flatMap(expandBraces)
    .filter((name) => {
      const [first = ''] = name.split('/');
      return name.includes('/')
        ? FOLDERS.has(first) || name.endsWith('.ts')
        : /\.(?:ts|md|yaml)$/.test(name);
    });
}

/** Expands `{a,b}.ts` to two names. */
function expandBraces(name: string): readonly string[] {
  const [whole, before = '', list = '', after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  // A decision is cited by its number.
  if (/^docs\/decisions\/\d{4}$/.test(name)) return [`${name}-*.md`];
  return whole === undefined ? [name] : list.split(',').map((one) => `${before}${one}${after}`);
}

/** A name may start at the root or in any folder, and `*` matches any part of it. */
function isInRepository(name: string): boolean {
  const wanted = name.replace(/\/$/, '');
  const pattern = new RegExp(
    `(?:^|/)${wanted.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*')}(?:\\.ts)?$`,
  );
  return [...FILES, ...FOLDERS].some((place) => pattern.test(place));
}

/** Returns both flags of `npm start -- --date 2026-12-07 --keep`. */
function findStartOptions(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm start -- ([^`#\n]+)/g)].flatMap(([, tail = '']) =>
    [...tail.matchAll(/--[a-z-]+/g)].map(([option]) => option),
  );
}

function findWideRows(text: string): readonly string[] {
  return withoutBlocks(text)
    .split('\n')
    .filter((line) => line.startsWith('|') && line.length > MAX_ROW_WIDTH);
}

describe('The document', () => {
  test.each(DOCUMENTS)('%s has only links to existing targets', (file) => {
    expect(findBrokenLinks(file, textOf(file))).toEqual([]);
  });

  test.each(DOCUMENTS)('%s names only existing files', (file) => {
    expect(findFileNames(textOf(file)).filter((name) => !isInRepository(name))).toEqual([]);
  });

  test.each(DOCUMENTS)('%s names only scripts of package.json', (file) => {
    const scripts = [...textOf(file).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(scripts.filter((name) => !Object.hasOwn(manifest.scripts, name ?? ''))).toEqual([]);
  });

  test('names only options that npm start accepts', () => {
    const help = execFileSync(process.execPath, ['sandbox/start.ts', '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const named = DOCUMENTS.flatMap((file) => findStartOptions(textOf(file)));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((option) => !help.includes(`\n  ${option} `))).toEqual([]);
  });

  test('names only existing commands and flags', async () => {
    const named = new Map(
      DOCUMENTS.flatMap((file) => findCommands(textOf(file))).map(
        (command) => [JSON.stringify(command), command] as const,
      ),
    );
    expect(named.size).toBeGreaterThan(60);
    const problems = [];
    for (const command of named.values()) problems.push(await findProblem(command));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  test.each(PAGES)('%s has narrow tables', (file) => {
    expect(findWideRows(textOf(file))).toEqual([]);
  });

  test('README.md is at most 9,000 bytes long', () => {
    expect(Buffer.byteLength(textOf('README.md'))).toBeLessThanOrEqual(MAX_README_BYTES);
  });

  test('README.md links to every page of docs/', () => {
    const readme = textOf('README.md');
    const pages = PAGES.filter((file) => file !== 'README.md');
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((file) => !readme.includes(`](${file})`))).toEqual([]);
  });

  test.each(PAGES.filter((file) => !/README|soak/.test(file)))(
    '%s begins with its reader and ends with “Where next”',
    (file) => {
      const [, first = '', ...rest] = textOf(file).split('\n\n');
      expect(first).toMatch(/^For you if /);
      expect(rest.filter((part) => part.startsWith('## ')).at(-1)).toBe('## Where next');
    },
  );

  test.each(['README.md', 'docs/deploy.md'])('%s contains the sum of docs/cost.md', (file) => {
    const [, usd = '?'] =
      /\*\*Together\*\*(?:[^|]*\|){2} *\*\*([\d.]+)/.exec(textOf('docs/cost.md')) ?? [];
    expect(textOf(file)).toContain(`$${usd}`);
  });

  test('README.md contains the sum in rupees of docs/cost.md', () => {
    const [, inr = '?'] =
      /in rupees\*\*(?:[^|]*\|){2} *(₹[\d,]+)/.exec(textOf('docs/cost.md')) ?? [];
    expect(textOf('README.md')).toContain(inr);
  });

  test('docs/token-only.md contains the exact answer of the guide', () => {
    const answer = `{"statusCode": 200, "body": ${JSON.stringify(REFRESHED_BODY)}}`;
    expect(textOf('docs/token-only.md').split('\n')).toContain(answer);
  });

  test('docs/glossary.md explains each term once', () => {
    const terms = [...textOf('docs/glossary.md').matchAll(/^\*\*(.+?)\*\*:/gm)].map(
      ([, term]) => term,
    );
    expect(terms.toSorted()).toEqual([...new Set(terms)].toSorted());
    expect(terms).toEqual(expect.arrayContaining(TERMS));
  });

  test('docs/data.md explains every reason of a hole', () => {
    const data = textOf('docs/data.md');
    expect(HOLE_REASONS.filter((reason) => !data.includes(`| \`${reason}\``))).toEqual([]);
  });

  test('docs/daily.md lists every alarm', () => {
    const daily = textOf('docs/daily.md');
    const alarms = contract.resources
      .filter((resource) => resource.includes(':MetricAlarm '))
      .map((resource) => resource.split(' ')[1] ?? '');
    expect(alarms.length).toBeGreaterThan(10);
    expect(alarms.filter((alarm) => !daily.includes(`- \`${alarm}\`: `))).toEqual([]);
  });

  test('uses one name for the Python original', () => {
    const others = /\b(?:the reference's|the reference implementation|the seed project)\b/i;
    expect(PAGES.filter((file) => others.test(textOf(file)))).toEqual([]);
  });
});

describe('The check of the documents', () => {
  test.each([
    ['a link to a missing file', '[a](docs/nowhere.md)', 'docs/nowhere.md'],
    ['a missing picture', '![a](docs/images/nowhere.png)', 'docs/images/nowhere.png'],
    [
      'a link to a missing heading of another page',
      '[a](docs/faq.md#nowhere)',
      'docs/faq.md#nowhere',
    ],
    ['a link to a missing heading of the same page', '# A\n[a](#b)', '#b'],
  ])('finds %s', (_, text, target) => {
    expect(findBrokenLinks('README.md', text)).toEqual([target]);
  });

  test('accepts links to a heading, a folder and another site', () => {
    const text =
      '# A *b* `c`\n[a](#a-b-c) [b](docs/faq.md#is-it-legal) [c](docs/decisions/) <https://a.in>';
    expect(findBrokenLinks('README.md', text)).toEqual([]);
  });

  test.each([
    ['`core/config/keyz.ts`', ['core/config/keyz.ts']],
    ['`infra/components/{watch,watchh}.ts`', ['infra/components/watchh.ts']],
    ['`keyz.ts` and `keys.ts`', ['keyz.ts']],
    ['`test/full/crash-*.test.ts`', []],
    ['`depth/v2/date=`', []],
  ])('finds missing file names in %s', (text, missing) => {
    expect(findFileNames(text).filter((name) => !isInRepository(name))).toEqual(missing);
  });

  test('finds each option of npm start', () => {
    expect(findStartOptions('`npm start -- --date 2026-12-07 --kep`, `./fyers --x`')).toEqual([
      '--date',
      '--kep',
    ]);
  });

  test('finds a wide row', () => {
    const row = (width: number) => `|${' '.repeat(width - 2)}|`;
    expect(findWideRows([row(120), row(121)].join('\n'))).toEqual([row(121)]);
  });
});
