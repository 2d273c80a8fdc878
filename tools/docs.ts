// Writes the parts of the documents that the code determines, as Markdown: keys, commands, columns, marks, and the frame that
// puts a part into its place in a page. Also writes the comments of Pulumi.dev.yaml.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import {
  environmentName,
  isKey,
  isSecretKey,
  type Key,
  KEY_NAMES,
  SECTIONS,
} from '../core/config/keys.ts';
import { RECORDED_COLUMNS } from '../core/recording/columns.ts';
import { MARK_MEANINGS, MARKS, RED_ABOVE_PERCENT } from '../core/recording/quality.ts';

/**
 * Puts `content` between the two comments that mark a place of a page.
 * @throws Error if the page has no such place
 */
export function fillPlace(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: \`npm run docs\` -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`The page has no place for ${name}: add the lines ${start} and ${end}.`);
  }
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}

/** Lines of a terminal, as a block of a page. */
export function asBlock(lines: string): string {
  return ['```text', lines.trimEnd(), '```'].join('\n');
}

/**
 * An item for each command, with its description.
 * @param helps the output of `--help` by command; those of subcommands are left out
 */
export function commandsList(helps: Readonly<Record<string, string>>): string {
  return Object.entries(helps)
    .filter(([name]) => !name.includes(' '))
    .map(([name, help]) => {
      const [, description = ''] = /^Usage: .*\n\n([\s\S]*?)\n\n/m.exec(help) ?? [];
      return `- [\`${name}\`](#${name}): ${description.replaceAll('\n', ' ')}`;
    })
    .join('\n');
}

export function marksList(): string {
  return MARKS.map((mark) => {
    const { judged, means } = MARK_MEANINGS[mark];
    const where = judged === '–' ? '' : ` Judged in ${judged}.`;
    const limit = RED_ABOVE_PERCENT[mark];
    const red = limit === 100 ? 'Never red.' : `Red above ${String(limit)} %.`;
    return `- **\`${mark}\`**: ${means}.${where} ${red}`;
  }).join('\n');
}

/** A row for each column; the five levels of a side share a row. */
export function columnsTable(): string {
  const rows = RECORDED_COLUMNS.map(({ name, kind, unit, nullable }) => {
    const family = name.replace(/_[1-5]$/, '_N');
    return `| \`${family}\` | ${kind} | ${unit} | ${nullable ? 'yes' : 'no'} |`;
  });
  return [
    '| Column; N is 1 to 5 | Kind | Unit | May be null |',
    '| --- | --- | --- | --- |',
    ...new Set(rows),
  ].join('\n');
}

const TABLE_OF_KEYS = path.join(import.meta.dirname, '../core/config/keys.ts');

/**
 * The text of each key: the comment above its row in the table.
 * @throws Error for a key without one
 */
export function keyTexts(source = readFileSync(TABLE_OF_KEYS, 'utf8')): ReadonlyMap<Key, string> {
  const texts = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    const [comment] = ts.isPropertyAssignment(node) ? ts.getJSDocCommentsAndTags(node) : [];
    if (ts.isPropertyAssignment(node) && comment !== undefined) {
      const text = ts.getTextOfJSDocComment(comment.comment) ?? '';
      texts.set(node.name.getText(), text.replaceAll(/\s+/g, ' '));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('keys.ts', source, ts.ScriptTarget.Latest, true));
  return new Map(
    KEY_NAMES.map((key) => {
      const text = texts.get(key) ?? '';
      if (text === '') throw new Error(`core/config/keys.ts has no comment above ${key}.`);
      return [key, text];
    }),
  );
}

/** A heading for each section and each key. */
export function keysSection(): string {
  const texts = keyTexts();
  const sections = Object.entries(SECTIONS).map(([title, rows]) => {
    const keys = Object.keys(rows).filter(isKey);
    return [`## ${title}`, ...keys.map((key) => keySection(key, texts.get(key) ?? ''))];
  });
  return sections.flat().join('\n\n');
}

function keySection(key: Key, text: string): string {
  const secret = isSecretKey(key) ? ' A secret.' : '';
  return [
    `### \`${key}\``,
    `\`${environmentName(key)}\` in \`.env\`.${secret}`,
    inMarkdown(text),
  ].join('\n\n');
}

/** Angle brackets would be taken for HTML, and bare addresses for text. */
function inMarkdown(text: string): string {
  return text
    .replaceAll(/<bot token>\/<chat id>/g, '`<bot token>/<chat id>`')
    .replaceAll(/https:\/\/[\w./-]*[\w/]/g, (url) => `<${url}>`);
}

const COMMENT_WIDTH = 120;
/** Where the texts begin. */
const TEXT_COLUMN = 23;

/**
 * Puts the comments of all keys between the first paragraph of a stack's file and its values.
 * @param yaml Pulumi.dev.yaml
 */
export function fillKeyComments(yaml: string): string {
  const texts = keyTexts();
  const sections = Object.entries(SECTIONS).flatMap(([title, rows]) => [
    '#',
    `# ${title}`,
    ...Object.keys(rows)
      .filter(isKey)
      .flatMap((key) => keyComment(key, texts.get(key) ?? '')),
  ]);
  const [from, to] = [yaml.indexOf('\n#\n'), yaml.indexOf('\nconfig:')];
  return [yaml.slice(0, from), ...sections].join('\n') + yaml.slice(to);
}

/** `#   email              Where login links and alarms go. … [FYERS_EMAIL]`, wrapped. */
function keyComment(key: Key, text: string): readonly string[] {
  const place = `[${environmentName(key)}]${isSecretKey(key) ? '; secret' : ''}`;
  const lines: string[] = [];
  let line = `${`#   ${key}`.padEnd(TEXT_COLUMN - 2)}  `;
  // A command in backticks stays on one line.
  for (const word of `${text} ${place}`.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const longer = line.endsWith(' ') ? line + word : `${line} ${word}`;
    if (longer.length > COMMENT_WIDTH) lines.push(line);
    line = longer.length > COMMENT_WIDTH ? '#'.padEnd(TEXT_COLUMN) + word : longer;
  }
  return [...lines, line];
}
