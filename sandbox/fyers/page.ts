// Renders the login page: plain HTML without a script, readable on a phone, in light and dark.
import type { SimulatedResponse } from './state.ts';

const STYLE = `:root{color-scheme:light dark}
body{font:1.0625rem/1.5 system-ui,sans-serif;max-width:24rem;margin:0 auto;padding:1rem}
h1{font-size:1.25rem}
label{display:block;margin:1rem 0}
input,button{box-sizing:border-box;width:100%;min-height:3rem;padding:.5rem;font:inherit}
button{margin-top:.5rem}
[role=alert]{font-weight:600;color:light-dark(#a00018,#ff9a9a)}`;

interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  /** True: masked while typing. */
  readonly isSecret?: boolean;
  /** True: digits only, so that a phone shows its number pad. */
  readonly isNumeric?: boolean;
}

interface FormPage {
  readonly status: number;
  readonly problem: string;
  /** Hidden fields that the form sends along. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly fields: readonly Field[];
  readonly button: string;
}

export function formPage({ status, problem, hidden, fields, button }: FormPage): SimulatedResponse {
  const carried = Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`)
    .join('');
  return page(
    status,
    `${alert(problem)}<form method="post" action="/api/v3/generate-authcode">${carried}
${fields.map(fieldHtml).join('\n')}
<button>${button}</button>
<button name="action" value="cancel" formnovalidate>Cancel</button></form>`,
  );
}

export function messagePage(
  status: number,
  problem: string,
  headers: Readonly<Record<string, string>> = {},
): SimulatedResponse {
  const { headers: own, ...rest } = page(status, alert(problem));
  return { ...rest, headers: { ...own, ...headers } };
}

function fieldHtml({ name, label, value = '', isSecret, isNumeric }: Field): string {
  const type = isSecret === true ? 'password' : 'text';
  const mode = isNumeric === true ? ' inputmode="numeric"' : '';
  return `<label>${label} <input name="${name}" type="${type}"${mode} value="${escape(value)}" autocomplete="off" required></label>`;
}

function alert(problem: string): string {
  return problem === '' ? '' : `<p role="alert">${problem}</p>`;
}

function page(status: number, content: string): SimulatedResponse {
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Fyers (simulated)</title>
<style>${STYLE}</style></head>
<body><h1>Simulated Fyers login</h1>${content}</body></html>`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body };
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
