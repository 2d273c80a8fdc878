// Logs in like a person, without a browser: the link in the mail, the page, the form of Fyers, and the redirect.
import type { Message } from '../../core/ports.ts';
import { ONE_TIME_PASSWORD } from '../../sandbox/fyers/auth.ts';
import type { Login } from './random-faults.ts';
import { LOGIN_URL, OTHER_ACCOUNT, OTHER_PIN, type Page, type Deployment } from './deployment.ts';

/** @param mail the messages of today. @returns the pages in the order of the visits */
export async function logIn(
  deployment: Deployment,
  mail: readonly Message[],
  who: Login['who'],
): Promise<readonly Page[]> {
  const link = linkIn(mail);
  if (link === null) return [];
  const page = await deployment.visit(link);
  const toFyers = /href="([^"]+)"/.exec(page.body)?.[1];
  if (toFyers === undefined) return [page];
  const back = await throughFyers(deployment, plain(toFyers), who);
  if (back === null) return [page];
  const first = deployment.visit(back);
  const pages = [
    page,
    ...(await Promise.all(who === 'twice' ? [first, deployment.visit(back)] : [first])),
  ];
  return who === 'again'
    ? [...pages, await deployment.visit(link), await deployment.visit(back)]
    : pages;
}

/** Returns the newest login link, because a change of the app secret invalidates older ones. */
export function linkIn(mail: readonly Message[]): string | null {
  const links = mail.flatMap(({ text }) => text.match(/^https:\/\/\S+\/go\/\S+$/gm) ?? []);
  return links.findLast((link) => link.startsWith(LOGIN_URL)) ?? null;
}

/** Returns the URL of the final redirect, or null if Fyers is down or refuses the login. */
export async function throughFyers(
  deployment: Deployment,
  url: string,
  who: Login['who'],
): Promise<string | null> {
  const form = await fetch(url);
  if (form.status !== 200) return null;
  const hidden = Object.fromEntries(new URL(url).searchParams);
  const send = async (fields: Readonly<Record<string, string>>) => {
    const body = new URLSearchParams({ ...hidden, otp: ONE_TIME_PASSWORD, ...fields });
    const action = `${deployment.fyers.url}/api/v3/generate-authcode`;
    return fetch(action, { method: 'POST', body, redirect: 'manual' });
  };
  const { fyId, pin } = deployment.app();
  const me = who === 'foreign' ? { fy_id: OTHER_ACCOUNT, pin: OTHER_PIN } : { fy_id: fyId, pin };
  if (who === 'clumsy') await send({ ...me, pin: '0000' });
  const answer = await send(who === 'cancelling' ? { action: 'cancel' } : me);
  return answer.headers.get('location');
}

function plain(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
