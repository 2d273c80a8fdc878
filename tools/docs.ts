// Writes the parts of the documents that the code determines, as Markdown: keys, columns, marks, and the frame that
// puts a part into its place in a page.
import { environmentName, isKey, isSecretKey, KEY_NAMES, type Key } from '../core/config/keys.ts';
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

interface KeyGroup {
  readonly title: string;
  readonly keys: readonly { readonly key: Key; readonly text: string }[];
}

/**
 * A heading for each key, with the words of the stack's file.
 * @param yaml Pulumi.dev.yaml, whose comment explains each key: `#   name   text [FYERS_NAME]; secret`
 * @throws Error for a key without an explanation, and for one that is explained with another name or kind
 */
export function keysSection(yaml: string): string {
  const groups = readGroups(yaml);
  const explained = groups.flatMap(({ keys }) => keys.map(({ key }) => key));
  const missing = KEY_NAMES.filter((key) => !explained.includes(key));
  if (missing.length > 0)
    throw new Error(`Pulumi.dev.yaml does not explain ${missing.join(', ')}.`);
  return groups
    .map(({ title, keys }) => [`## ${title}`, ...keys.map(keySection)].join('\n\n'))
    .join('\n\n');
}

function keySection({ key, text }: KeyGroup['keys'][number]): string {
  const place = `[${environmentName(key)}]${isSecretKey(key) ? '; secret' : ''}`;
  if (!text.endsWith(place))
    throw new Error(`Pulumi.dev.yaml: the text of ${key} must end with ${place}.`);
  const secret = isSecretKey(key) ? ' A secret.' : '';
  const words = inMarkdown(text.slice(0, -place.length).trim());
  return [`### \`${key}\``, `\`${environmentName(key)}\` in \`.env\`.${secret}`, words].join(
    '\n\n',
  );
}

/** Angle brackets would be taken for HTML, and bare addresses for text. */
function inMarkdown(text: string): string {
  return text
    .replaceAll(/<bot token>\/<chat id>/g, '`<bot token>/<chat id>`')
    .replaceAll(/https:\/\/[\w./-]*[\w/]/g, (url) => `<${url}>`);
}

function readGroups(yaml: string): readonly KeyGroup[] {
  const comment = yaml.slice(0, yaml.indexOf('\nconfig:')).split('\n#\n').slice(1);
  return comment.map((paragraph) => {
    const [title = '', ...lines] = paragraph.split('\n').map((line) => line.replace(/^# ?/, ''));
    return { title, keys: readKeys(lines) };
  });
}

/** A key begins a line after two blanks; every other line continues the text of the key before it. */
function readKeys(lines: readonly string[]): KeyGroup['keys'] {
  const keys: { key: Key; text: string }[] = [];
  for (const line of lines) {
    const [, name, text = ''] = /^ {2}(\w+) +(\S.*)$/.exec(line) ?? [];
    const last = keys.at(-1);
    if (name !== undefined && isKey(name)) keys.push({ key: name, text });
    else if (last !== undefined) last.text = `${last.text} ${line.trim()}`;
  }
  return keys;
}
