import { describe, expect, test } from 'vitest';
import { recogniseLink } from '../../../../core/token/login/link.ts';

const SIGNATURE = '0123456789abcdef0123456789abcdef';
const PATH = `go/2026-11-25/${SIGNATURE}`;

describe('recogniseLink', () => {
  test('returns exact for the path as it was sent', () => {
    expect(recogniseLink(PATH)).toEqual({ kind: 'exact', path: PATH });
  });

  test.each([
    ['a full stop', `${PATH}.`],
    ['a slash', `${PATH}/`],
    ['several marks', `${PATH}).”`],
    ['encoded marks', `${PATH}%29%E2%80%9D`],
    ['markup', `${PATH}%3C/a%3E`],
    ['a parameter in the path', `${PATH}&fbclid=IwAR0123`],
    ['an encoded query', `${PATH}%3Futm_source=mail`],
    ['a fragment', `${PATH}%23top`],
    ['words without a space before them', `${PATH}Good%20until`],
    ['upper case', PATH.toUpperCase()],
    ['a doubled slash', PATH.replaceAll('/', '//')],
    ['a slash before it', `/${PATH}`],
    ['a space before it', `%20${PATH}`],
    ['a bracket before it', `%3C${PATH}%3E`],
    ['a zero-width space', PATH.replace('cdef', 'cd\u200bef')],
    ['an encoded zero-width space', PATH.replace('cdef', 'cd%E2%80%8Bef')],
    ['a soft hyphen', PATH.replace('cdef', 'cd\u00adef')],
    ['a byte order mark', `\ufeff${PATH}`],
    ['a line break', PATH.replace('cdef', 'cd%0D%0A ef')],
    ['a soft line break of a mail', PATH.replace('cdef', 'cd%3D%0D%0Aef')],
    ['encoded slashes', PATH.replaceAll('/', '%2F')],
    ['slashes encoded twice', PATH.replaceAll('/', '%252F')],
    ['a cut escape', `${PATH}%E2%80`],
    ['other dashes', PATH.replaceAll('-', '\u2011')],
    ['backslashes', PATH.replaceAll('/', '\\')],
  ])('repairs a path with %s', (_damage, path) => {
    expect(recogniseLink(path)).toEqual({ kind: 'repaired', path: PATH });
  });

  test.each([
    'go',
    'go/',
    'go/2',
    'go/2026',
    'go/2026-',
    'go/2026-11-2',
    'go/2026-11-25',
    'go/2026-11-25/',
    'go/2026-11-25/zz',
    'GO/2026-11-25/0123',
    PATH.slice(0, -1),
    `${PATH.slice(0, -2)}...`,
    PATH.replace('cdef', 'cdeg'),
  ])('returns incomplete for %s', (path) => {
    expect(recogniseLink(path)).toEqual({ kind: 'incomplete' });
  });

  test.each([
    '',
    'ask',
    'favicon.ico',
    '.env',
    'wp-login.php',
    'gopher',
    'go.php',
    'go/admin',
    'go/../etc/passwd',
    'go/20261125',
    'goto/2026-11-25',
    `x/${PATH}`,
    `${'('.repeat(20)}${PATH}`,
    `${PATH}${'a'.repeat(2_048)}`,
    '%',
    '%zz',
  ])('returns none for %j', (path) => {
    expect(recogniseLink(path)).toEqual({ kind: 'none' });
  });
});
