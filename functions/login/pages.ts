// Renders a page, designed for phones first. It has no script and loads nothing from other hosts.
import { createHash } from 'node:crypto';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Words } from './texts.ts';

const STYLE = `:root{color-scheme:light dark}
body{margin:0;font:17px/1.5 system-ui,sans-serif;background:light-dark(#f4f5f7,#14161a);color:light-dark(#1a1d21,#e8eaed)}
main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem;overflow-wrap:break-word}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem;text-wrap:balance}
p{text-wrap:pretty}
.mark{font-size:.95rem;margin:0;color:light-dark(#5b6470,#9aa4b1)}
.good h1{color:light-dark(#0b6b3a,#5ed39a)}
.good h1::before{content:"\\2713\\a0"}
.bad h1{color:light-dark(#a4262c,#ff8a8a)}
code{display:block;-webkit-user-select:all;user-select:all;padding:.75rem;border-radius:.5rem;background:light-dark(#e6e8ec,#23262c);font:15px/1.5 ui-monospace,monospace}
.press{display:block;box-sizing:border-box;width:100%;margin:1.5rem 0;padding:1rem;border:0;border-radius:.75rem;background:light-dark(#1a4fd6,#7aa2ff);color:light-dark(#fff,#0b1020);font:600 1.1rem/1.2 system-ui,sans-serif;text-align:center;text-decoration:none}
.press:focus-visible{outline:3px solid light-dark(#1a1d21,#e8eaed);outline-offset:3px}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Prevent caching, indexing and framing, and do not send the page's address to Fyers. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'content-type': 'text/html; charset=utf-8',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow, noarchive',
};

export function page({
  status,
  tone,
  title,
  text,
  press,
}: Words): APIGatewayProxyStructuredResultV2 {
  const paragraphs = text.map((part) =>
    typeof part === 'string'
      ? `<p>${escapeHtml(part)}</p>`
      : `<p><code>${escapeHtml(part.code)}</code></p>`,
  );
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow, noarchive">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${tone}">
<p class="mark">fyers-token-refresh</p>
<h1>${escapeHtml(title)}</h1>
${[...paragraphs, ...renderPress(press)].join('\n')}
</main>
</body>
</html>
`;
  // The redirect and the button lead to the same address. The button is for a browser that does not follow the redirect.
  const location = status === 302 && press?.kind === 'go' ? { location: press.url } : {};
  return { statusCode: status, headers: { ...HEADERS, ...location }, body };
}

/** Empty, so that guessing addresses reveals nothing. */
export const NOT_FOUND: APIGatewayProxyStructuredResultV2 = { statusCode: 404 };

function renderPress(press: Words['press']): readonly string[] {
  switch (press?.kind) {
    case undefined:
      return [];
    case 'go':
      return [
        `<a class="press" href="${escapeHtml(press.url)}" rel="noreferrer">${escapeHtml(press.label)}</a>`,
      ];
    case 'ask':
      return [
        `<form method="post" action="${escapeHtml(press.action)}"><button class="press">${escapeHtml(press.label)}</button></form>`,
      ];
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
