// The page's tables and texts as HTML. Whatever comes from a recording is escaped here.
import type { Tone } from './tones.ts';

/** With a tone: after a spot of its colour. */
export type PageCell = string | { readonly text: string; readonly tone: Tone };

/**
 * Every column after the first that holds numbers alone is set to the right. In a narrow card the first column of a stacked
 * table has a line of its own above the others, so that nothing has to be scrolled to.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly PageCell[])[],
  form: 'plain' | 'stacked' = 'plain',
): string {
  const isNumber = head.map(
    (_, column) =>
      column > 0 && rows.every((row) => /^[\d,.–%\sms]+$/.test(textOf(row[column] ?? ''))),
  );
  const cells = (tag: 'th' | 'td', texts: readonly PageCell[]) =>
    texts
      .map((cell, column) => {
        const side = isNumber[column] === true ? ' class="n"' : '';
        const spot = typeof cell === 'string' ? '' : colourSpot(cell.tone);
        return `<${tag}${side}>${spot}${escaped(textOf(cell))}</${tag}>`;
      })
      .join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('');
  const stack = form === 'stacked' ? ` class="stack" style="--n:${String(head.length - 1)}"` : '';
  return `<table${stack}><thead><tr>${cells('th', head)}</tr></thead><tbody>${body}</tbody></table>`;
}

function textOf(cell: PageCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Of a legend. */
export function colourSpot(colour: string): string {
  return `<i style="background:var(--${colour})"></i>`;
}

export function heading(title: string, note: string): string {
  return `<h2>${title}</h2>\n<p class="note">${note}</p>`;
}

/** As the other commands write it. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

export function ms(value: number): string {
  return `${count(Math.round(value))} ms`;
}

export function price(value: number | null): string {
  return value === null
    ? '–'
    : value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
