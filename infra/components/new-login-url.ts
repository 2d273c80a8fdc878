// Tells when the login URL is another one: AWS makes it up, so after `pulumi destroy` and `pulumi up` it has changed.
import * as pulumi from '@pulumi/pulumi';
import { LOGIN_URL_KEYWORD } from '../../core/names.ts';

/** Runs after the address was made, never for one that stands, and not in a preview. */
export function newLoginUrl(redirectUri: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook('login-url-is-new', async ({ newOutputs }) => {
    const url = String(newOutputs?.['functionUrl']);
    if (redirectUri === LOGIN_URL_KEYWORD) await pulumi.log.warn(registerAgain(url));
    else await pulumi.log.info(`${isNew(url)} Renew the bookmark on your phone.`);
  });
}

const isNew = (url: string) =>
  `The login URL is new: ${url} (one of an earlier stack leads nowhere).`;

function registerAgain(url: string): string {
  return `${isNew(url)} No login succeeds until it is the app's redirect URL, letter by letter, at https://myapi.fyers.in/dashboard. Renew the bookmark on your phone, too.`;
}
