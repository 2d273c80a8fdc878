// Parses the operator's list of an index: one name a line, or the CSV that NSE publishes for its indices, whose header
// has the columns `Symbol` and `Series`. Lines that begin with # are comments.
import { csvCells } from '../text.ts';
import { type DepthSymbol, type Parsed, parseSymbol, wholeName } from './values.ts';

/** A longer list of problems does not help to correct the file. */
const MAX_PROBLEMS = 3;

interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

interface Named {
  readonly line: number;
  /** As the file has it; an empty one is a problem. */
  readonly name: string;
}

/** The problem continues a sentence that begins with the file's name. */
export function parseIndexList(text: string): Parsed<readonly DepthSymbol[]> {
  const lines = text
    .split(/\r\n?|\n/)
    .map((line, index): Line => ({ number: index + 1, text: line.trim() }))
    // A spreadsheet may write commas for an empty row.
    .filter(({ text: own }) => /[^\s,]/.test(own) && !own.startsWith('#'));
  const names = namesOf(lines);
  const found = new Map<DepthSymbol, number>();
  const problems: string[] = [];
  for (const { line, name } of names) {
    const at = `line ${String(line)}`;
    const symbol = parseMember(name);
    const before = symbol === null ? undefined : found.get(symbol);
    if (name === '') problems.push(`${at} has no symbol`);
    else if (symbol === null) problems.push(`${at}: "${name.slice(0, 40)}" cannot be a symbol`);
    else if (before !== undefined)
      problems.push(`${at}: ${symbol} is in line ${String(before)} too`);
    else found.set(symbol, line);
  }
  if (names.length === 0) problems.push('it names no symbol');
  if (problems.length === 0) return { ok: true, value: [...found.keys()] };
  const more = problems.length - MAX_PROBLEMS;
  const first = problems.slice(0, MAX_PROBLEMS).join('; ');
  return {
    ok: false,
    problem: `cannot be used: ${first}${more > 0 ? `; and ${String(more)} more` : ''}`,
  };
}

function namesOf(lines: readonly Line[]): readonly Named[] {
  const [header, ...rows] = lines;
  const columns = csvCells(header?.text ?? '').map((cell) => cell.trim().toLowerCase());
  const symbol = columns.indexOf('symbol');
  if (symbol === -1) return lines.map(({ number, text }) => ({ line: number, name: text }));
  const series = columns.indexOf('series');
  return rows.map(({ number, text }) => {
    const cells = csvCells(text).map((cell) => cell.trim());
    const [ticker = '', suffix = ''] = [cells[symbol], cells[series]];
    const name = suffix === '' || ticker === '' ? ticker : `NSE:${ticker}-${suffix}`;
    return { line: number, name };
  });
}

/** Words with a space or a comma between are not one name: a CSV without a header is refused, and not guessed. */
function parseMember(name: string): DepthSymbol | null {
  if (/[\s,]/.test(name)) return null;
  const parsed = parseSymbol(wholeName(name));
  return parsed.ok ? parsed.value : null;
}
