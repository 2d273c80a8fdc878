// The human of a login, without a browser: the link in the mail, the page, Fyers' own form, and the way back.
import type { Message } from '../../core/ports.ts';
import { ONE_TIME_PASSWORD } from '../../sandbox/fyers/auth.ts';
import type { Login } from './random-faults.ts';
import { LOGIN_URL, OTHER_ACCOUNT, OTHER_PIN, type Page, type World } from './deployment.ts';

/** What the person came to see, in order. @param mail everything of today */
export async function logIn(
  world: World,
  mail: readonly Message[],
  who: Login['who'],
): Promise<readonly Page[]> {
  const link = linkIn(mail);
  if (link === null) return [];
  const page = await world.visit(link);
  const toFyers = /href="([^"]+)"/.exec(page.body)?.[1];
  if (toFyers === undefined) return [page];
  const back = await throughFyers(world, plain(toFyers), who);
  if (back === null) return [page];
  const first = world.visit(back);
  const pages = [
    page,
    ...(await Promise.all(who === 'twice' ? [first, world.visit(back)] : [first])),
  ];
  return who === 'again' ? [...pages, await world.visit(link), await world.visit(back)] : pages;
}

/** The newest link of ours: one of before a change of the app secret is worth nothing. */
export function linkIn(mail: readonly Message[]): string | null {
  const links = mail.flatMap(({ text }) => text.match(/^https:\/\/\S+\/go\/\S+$/gm) ?? []);
  return links.findLast((link) => link.startsWith(LOGIN_URL)) ?? null;
}

/** Where Fyers sends the person in the end; null where it is down, or lets nobody in. */
export async function throughFyers(
  world: World,
  url: string,
  who: Login['who'],
): Promise<string | null> {
  const form = await fetch(url);
  if (form.status !== 200) return null;
  const hidden = Object.fromEntries(new URL(url).searchParams);
  const send = async (fields: Readonly<Record<string, string>>) => {
    const body = new URLSearchParams({ ...hidden, otp: ONE_TIME_PASSWORD, ...fields });
    const action = `${world.fyers.url}/api/v3/generate-authcode`;
    return fetch(action, { method: 'POST', body, redirect: 'manual' });
  };
  const { fyId, pin } = world.app();
  const me = who === 'foreign' ? { fy_id: OTHER_ACCOUNT, pin: OTHER_PIN } : { fy_id: fyId, pin };
  if (who === 'clumsy') await send({ ...me, pin: '0000' });
  const answer = await send(who === 'cancelling' ? { action: 'cancel' } : me);
  return answer.headers.get('location');
}

function plain(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
