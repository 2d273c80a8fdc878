// Renders the parts that the sections of the report share: headings, tables, numbers. Escapes every text of a recording.
import type { Tone } from './pictures.ts';

/** A cell with a tone gets a spot of that colour before its text. */
type PageCell = string | { readonly text: string; readonly tone: Tone };

/**
 * Right-aligns every column after the first that holds only numbers. In a narrow card, the first column of a stacked
 * table is on a separate line above the others, which avoids horizontal scrolling.
 */
export function renderTable(
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
        return `<${tag}${side}>${spot}${escapeHtml(textOf(cell))}</${tag}>`;
      })
      .join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('');
  const stack = form === 'stacked' ? ` class="stack" style="--n:${String(head.length - 1)}"` : '';
  return `<table${stack}><thead><tr>${cells('th', head)}</tr></thead><tbody>${body}</tbody></table>`;
}

function textOf(cell: PageCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Colour spot of a legend. */
export function colourSpot(colour: string): string {
  return `<i style="background:var(--${colour})"></i>`;
}

export function renderHeading(title: string, note: string): string {
  return `<h2>${title}</h2>\n<p class="note">${note}</p>`;
}

/** Formats a count as the other commands do. */
export function formatCount(value: number): string {
  return value.toLocaleString('en');
}

export function formatMs(value: number): string {
  return `${formatCount(Math.round(value))} ms`;
}

export function formatPrice(value: number | null): string {
  return value === null
    ? '–'
    : value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
