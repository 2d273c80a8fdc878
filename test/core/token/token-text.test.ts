import { describe, expect, test } from 'vitest';
import { findToken } from '../../../core/token/token-text.ts';
import { operatorToken } from '../../support/operator-token.ts';

const ACCESS = operatorToken('access_token', '2026-11-24T09:00:00+05:30');
const OTHER = operatorToken('access_token', '2026-11-24T10:00:00+05:30');
const REFRESH = operatorToken('refresh_token', '2026-11-20T09:00:00+05:30');
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const CODE = `${encode({ typ: 'JWT' })}.${encode({ sub: 'auth_code', iat: 1, exp: 2, app_id: 'A' })}.c2ln`;
const APP = 'ABCD1234EF-100';

describe('findToken', () => {
  test.each([
    ['alone', ACCESS],
    ['with white space and a byte order mark', `\uFEFF  ${ACCESS}\r\n`],
    ['after its app id', `${APP}:${ACCESS}`],
    ['in quotes', `"${ACCESS}"`],
    ['in single and in typographic quotes', `“'${ACCESS}'”`],
    ['as a header', `Authorization: Bearer ${ACCESS}`],
    ['as a header with the app id', `Bearer ${APP}:${ACCESS}`],
    ['as a line of .env', `export FYERS_ACCESS_TOKEN="${ACCESS}"`],
    ['as a Python variable', `access_token = '${ACCESS}'`],
    ['twice', `${ACCESS}\n${ACCESS}\n`],
    ['next to the other kind', `access_token=${ACCESS}\nrefresh_token=${REFRESH}\n`],
    ['in JSON', JSON.stringify({ access_token: ACCESS })],
    [
      'in the answer of a login',
      JSON.stringify({ s: 'ok', access_token: ACCESS, refresh_token: REFRESH }),
    ],
    ['deep in JSON', JSON.stringify({ data: [{ token: `${APP}:${ACCESS}` }], pin: '1234' })],
    ['in output of the AWS CLI', JSON.stringify({ Parameter: { Name: 'X', Value: ACCESS } })],
    ['in JSON as a string', JSON.stringify(ACCESS)],
  ])('finds a token %s', (_how, text) => {
    expect(findToken(text, 'access_token', APP)).toMatchObject({
      ok: true,
      value: { token: ACCESS, claims: { kind: 'access_token' } },
    });
  });

  test.each([
    ['nothing', '', 'is empty'],
    ['white space', ' \n\t', 'is white space only'],
    ['two tokens', `${ACCESS}\n${OTHER}`, 'has 2 different tokens'],
    ['two tokens in JSON', JSON.stringify([ACCESS, OTHER]), 'is JSON with 2 different tokens'],
    ['the other kind', REFRESH, 'is a token of the kind refresh_token'],
    ['the other kind in JSON', JSON.stringify({ t: REFRESH }), 'is JSON with a refresh token'],
    ['an auth code', CODE, 'is a token of the kind auth_code'],
    [
      'the address after a login',
      `https://x.in/?auth_code=${CODE}&s=ok`,
      'is the address after a login',
    ],
    ['a page', `<!DOCTYPE html><html>${ACCESS}</html>`, 'is a web page'],
    ['an app id', APP, 'is an app id'],
    ['a PIN', '4821\n', 'is four digits, such as a PIN'],
    ['a secret', 'ABC123DEF4', 'is one word of letters and digits, such as an app secret'],
    ['a client id', 'XA00001', 'is a Fyers client id'],
    ['a one-time code', '123456', 'is six digits'],
    ['a part of a token', ACCESS.slice(0, 40), 'is a token that was cut off or changed'],
    [
      'a token that was cut in its claims',
      ACCESS.slice(0, -30),
      'is a token that was cut off or changed',
    ],
    [
      'a broken line in the claims',
      `${ACCESS.slice(0, 60)}\n${ACCESS.slice(60)}`,
      'is a token that is broken over 2 lines',
    ],
    [
      'a broken line in the signature',
      `${ACCESS.slice(0, -5)}\n${ACCESS.slice(-5)}`,
      'has text besides a token',
    ],
    ['a token and a PIN', `${ACCESS}\n4821`, 'has text besides a token'],
    [
      'a refusal',
      '{"s":"error","code":-16,"message":"x"}',
      'is JSON without a token: an answer in which Fyers refused',
    ],
    ['JSON without a token', '{"access_token": null}', 'is JSON without an access token'],
    ['half of JSON', '{"access_token": "abc', 'is JSON that is not complete'],
    ['the placeholder', 'placeholder: no token yet', 'is the placeholder'],
    ['words', 'not a token yet', 'is text of 4 words without a token'],
    ['three parts of another kind', 'aaa.bbb.ccc', 'is not a token that Fyers issued'],
    ['another app', `OTHER12345-100:${ACCESS}`, 'is a token of another app'],
    [
      'another app in JSON',
      JSON.stringify({ t: `OTHER12345-100:${ACCESS}` }),
      'is a token of another',
    ],
  ])('refuses %s, which it names and does not show', (_what, text, words) => {
    const found = findToken(text, 'access_token', APP);
    expect(found).toMatchObject({ ok: false });
    const problem = found.ok ? '' : found.problem;
    expect(problem).toContain(words);
    for (const part of text.split(/[\s.:"&?=<>/]+/).filter((each) => each.length > 6)) {
      if (!/^(?:access_token|refresh_token|auth_code|placeholder)$/.test(part)) {
        expect(problem).not.toContain(part);
      }
    }
  });

  test('accepts a token without a kind as the requested kind', () => {
    const bare = `${encode({ typ: 'JWT' })}.${encode({ iat: 1, exp: 2 })}.c2ln`;
    expect(findToken(bare, 'refresh_token')).toMatchObject({ ok: true, value: { token: bare } });
  });
});
