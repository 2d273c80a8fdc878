// Makes tokens for an operator's files, with the form and claims of Fyers and a fake signature.

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param issuedAt of the token, an ISO instant; it lives for a day */
export function operatorToken(kind: 'access_token' | 'refresh_token', issuedAt: string): string {
  const iat = Math.floor(Date.parse(issuedAt) / 1_000);
  const claims = { sub: kind, iat, exp: iat + 86_400, fy_id: 'XA00001' };
  return `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}.c2lnbmF0dXJl`;
}
