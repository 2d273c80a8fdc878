// Checks the token and this machine's clock before `./fyers harvest` waits for the session.
import path from 'node:path';
import { fyersBroker } from '../../adapters/fyers/auth.ts';
import { parseFyId } from '../../core/config/values.ts';
import { ENVIRONMENT, REGION } from '../../core/config/names.ts';
import {
  type FirstLook,
  type LookFirst,
  lookAtToken,
  proveFirst,
  serverTimeWarning,
} from '../../harvester/first-look.ts';
import type { HarvestSettings } from '../../harvester/settings.ts';
import type { Environment } from '../shared/io.ts';

/** @param env the harvester's environment, overridden by `.env` */
export function checkBeforeStart(cwd: string, env: Environment): LookFirst {
  return async ({ settings, guard, log, signal, ...begun }) => {
    const account = parseFyId(env[ENVIRONMENT.fyId]?.trim() ?? '');
    const look: FirstLook = {
      ...begun,
      ...whereIn(cwd, settings),
      account: account.ok ? account.value : null,
    };
    const unproven = await lookAtToken(look);
    if (unproven === null) return { proven: Promise.resolve() };
    const broker = fyersBroker({
      apiUrl: settings.apiUrl,
      onSecret: (value) => {
        log.hide(value);
      },
      onServerTime: serverTimeWarning(look),
    });
    const prove = async (): Promise<void> => {
      await guard.ready();
      // Send no request for an account that the broker has refused for its request rate.
      if (guard.reason() === null) await proveFirst(look, unproven, broker, signal);
    };
    // The session may be open, so recording does not wait for the answer.
    return { proven: prove().catch(() => undefined) };
  };
}

function whereIn(
  cwd: string,
  { tokensFolder, suffix }: HarvestSettings,
): Pick<FirstLook, 'place' | 'loginCommand'> {
  if (tokensFolder === null) {
    const flag = suffix === '' ? '' : ` --suffix ${suffix}`;
    return {
      place: `in Parameter Store (${REGION})`,
      loginCommand: `./fyers login --aws${flag}`,
    };
  }
  const flag = tokensFolder === '.' ? '' : ` --dir ${tokensFolder}`;
  return {
    place: `in ${path.resolve(cwd, tokensFolder)}`,
    loginCommand: `./fyers login${flag}`,
  };
}
