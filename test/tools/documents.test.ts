// What a reader of the documents follows: links, anchors, file names, commands and scripts. Each must exist.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import contract from '../contract.json' with { type: 'json' };
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { HOLE_REASONS } from '../../core/recording/coverage.ts';
import { commandsIn, problemOf } from '../errors/commands.ts';
import { ROOT, repositoryFiles } from '../support/source-tree.ts';

const FILES: ReadonlySet<string> = new Set(repositoryFiles());
const FOLDERS: ReadonlySet<string> = new Set(
  [...FILES].flatMap((file) =>
    file.split('/').map((_, index, parts) => parts.slice(0, index).join('/')),
  ),
);
/** Written for people who use the project, and kept narrow. */
const PAGES = [...FILES].filter((file) => /^(?:README|docs\/[\w-]+)\.md$/.test(file));
const DOCUMENTS = [
  ...[...FILES].filter((file) => /^(?:README|CONTRIBUTING|ARCHITECTURE|docs\/.+)\.md$/.test(file)),
  'sandbox/README.md',
  'test/README.md',
];
/** The words that the code and the documents use in one sense only. */
const TERMS = [
  ...['trading day', 'broker day', 'session', 'phase', 'slot', 'row', 'level', 'feed', 'day log'],
  ...['event log', 'hole', 'gap', 'update', 'compaction', 'manifest', 'access token', 'mark'],
  ...['refresh token', 'auth code', 'app id', 'keeper', 'latch', 'adopt', 'harvester', 'shard'],
];
const MAX_README_BYTES = 9_000;
const MAX_ROW_WIDTH = 120;

const textOf = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** Code is not followed: a link in it is an example. */
function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** As GitHub makes them of headings. */
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

/** Targets of links and pictures that lead nowhere. */
function brokenLinks(file: string, text: string): readonly string[] {
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

/** Names in backticks that look like files of the repository. */
function fileNamesIn(text: string): readonly string[] {
  return [...withoutBlocks(text).matchAll(/`([\w.][\w.@{},*/-]*)`/g)]
    .map(([, name = '']) => name)
    .filter((name) => !/NAME|DATE|BUCKET/.test(name))
    .flatMap(spread)
    .filter((name) => {
      const [first = ''] = name.split('/');
      return name.includes('/')
        ? FOLDERS.has(first) || name.endsWith('.ts')
        : /\.(?:ts|md|yaml)$/.test(name);
    });
}

/** `{a,b}.ts` is two names. */
function spread(name: string): readonly string[] {
  const [whole, before = '', list = '', after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  // A decision is named by its number.
  if (/^docs\/decisions\/\d{4}$/.test(name)) return [`${name}-*.md`];
  return whole === undefined ? [name] : list.split(',').map((one) => `${before}${one}${after}`);
}

/** A name may begin at the root or in any folder, and `*` matches any part of it. */
function isThere(name: string): boolean {
  const wanted = name.replace(/\/$/, '');
  const pattern = new RegExp(
    `(?:^|/)${wanted.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*')}(?:\\.ts)?$`,
  );
  return [...FILES, ...FOLDERS].some((place) => pattern.test(place));
}

/** Of `npm start -- --date 2026-12-07 --keep` both flags. */
function startOptionsIn(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm start -- ([^`#\n]+)/g)].flatMap(([, tail = '']) =>
    [...tail.matchAll(/--[a-z-]+/g)].map(([option]) => option),
  );
}

function wideRows(text: string): readonly string[] {
  return withoutBlocks(text)
    .split('\n')
    .filter((line) => line.startsWith('|') && line.length > MAX_ROW_WIDTH);
}

describe('The document', () => {
  test.each(DOCUMENTS)('%s has links that lead somewhere', (file) => {
    expect(brokenLinks(file, textOf(file))).toEqual([]);
  });

  test.each(DOCUMENTS)('%s names files that exist', (file) => {
    expect(fileNamesIn(textOf(file)).filter((name) => !isThere(name))).toEqual([]);
  });

  test.each(DOCUMENTS)('%s names scripts of package.json', (file) => {
    const scripts = [...textOf(file).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(scripts.filter((name) => !Object.hasOwn(manifest.scripts, name ?? ''))).toEqual([]);
  });

  test('names options that npm start takes', () => {
    const help = execFileSync(process.execPath, ['sandbox/start.ts', '--help'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const named = DOCUMENTS.flatMap((file) => startOptionsIn(textOf(file)));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((option) => !help.includes(`\n  ${option} `))).toEqual([]);
  });

  test('names commands that exist, with flags that they take', async () => {
    const named = new Map(
      DOCUMENTS.flatMap((file) => commandsIn(textOf(file))).map(
        (command) => [JSON.stringify(command), command] as const,
      ),
    );
    expect(named.size).toBeGreaterThan(60);
    const problems = [];
    for (const command of named.values()) problems.push(await problemOf(command));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  test.each(PAGES)('%s has narrow tables', (file) => {
    expect(wideRows(textOf(file))).toEqual([]);
  });

  test('README.md fits on a few screens', () => {
    expect(Buffer.byteLength(textOf('README.md'))).toBeLessThanOrEqual(MAX_README_BYTES);
  });

  test('README.md leads to every page of docs/', () => {
    const readme = textOf('README.md');
    const pages = PAGES.filter((file) => file !== 'README.md');
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((file) => !readme.includes(`](${file})`))).toEqual([]);
  });

  test.each(PAGES.filter((file) => !/README|soak/.test(file)))(
    '%s begins with its reader and ends with where to go next',
    (file) => {
      const [, first = '', ...rest] = textOf(file).split('\n\n');
      expect(first).toMatch(/^For you if /);
      expect(rest.filter((part) => part.startsWith('## ')).at(-1)).toBe('## Where next');
    },
  );

  test.each(['README.md', 'docs/deploy.md'])('%s has the sum of docs/cost.md', (file) => {
    const [, usd = '?'] =
      /\*\*Together\*\*(?:[^|]*\|){2} *\*\*([\d.]+)/.exec(textOf('docs/cost.md')) ?? [];
    expect(textOf(file)).toContain(`$${usd}`);
  });

  test('README.md has the sum in rupees of docs/cost.md', () => {
    const [, inr = '?'] =
      /in rupees\*\*(?:[^|]*\|){2} *(₹[\d,]+)/.exec(textOf('docs/cost.md')) ?? [];
    expect(textOf('README.md')).toContain(inr);
  });

  test('docs/token-only.md shows the answer of the guide, byte for byte', () => {
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

  test('docs/daily.md has every alarm', () => {
    const daily = textOf('docs/daily.md');
    const alarms = contract.resources
      .filter((resource) => resource.includes(':MetricAlarm '))
      .map((resource) => resource.split(' ')[1] ?? '');
    expect(alarms.length).toBeGreaterThan(10);
    expect(alarms.filter((alarm) => !daily.includes(`- \`${alarm}\`: `))).toEqual([]);
  });

  test('calls the Python original by one name', () => {
    const others = /\b(?:the reference's|the reference implementation|the seed project)\b/i;
    expect(PAGES.filter((file) => others.test(textOf(file)))).toEqual([]);
  });
});

describe('A document that misleads is found:', () => {
  test.each([
    ['a link to no file', '[a](docs/nowhere.md)', 'docs/nowhere.md'],
    ['a picture that is not there', '![a](docs/images/nowhere.png)', 'docs/images/nowhere.png'],
    ['a link to no heading', '[a](docs/faq.md#nowhere)', 'docs/faq.md#nowhere'],
    ['a link to no heading of its own', '# A\n[a](#b)', '#b'],
  ])('%s', (_, text, target) => {
    expect(brokenLinks('README.md', text)).toEqual([target]);
  });

  test('but a link to a heading, a folder or another site is good', () => {
    const text =
      '# A *b* `c`\n[a](#a-b-c) [b](docs/faq.md#is-it-legal) [c](docs/decisions/) <https://a.in>';
    expect(brokenLinks('README.md', text)).toEqual([]);
  });

  test.each([
    ['`core/config/keyz.ts`', ['core/config/keyz.ts']],
    ['`infra/components/{watch,watchh}.ts`', ['infra/components/watchh.ts']],
    ['`keyz.ts` and `keys.ts`', ['keyz.ts']],
    ['`test/full/crash-*.test.ts`', []],
    ['`depth/v2/date=`', []],
  ])('a file name in %s', (text, missing) => {
    expect(fileNamesIn(text).filter((name) => !isThere(name))).toEqual(missing);
  });

  test('each option of npm start', () => {
    expect(startOptionsIn('`npm start -- --date 2026-12-07 --kep`, `./fyers --x`')).toEqual([
      '--date',
      '--kep',
    ]);
  });

  test('a wide row', () => {
    const row = (width: number) => `|${' '.repeat(width - 2)}|`;
    expect(wideRows([row(120), row(121)].join('\n'))).toEqual([row(121)]);
  });
});
