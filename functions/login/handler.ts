// Serves the pages behind the login function's URL (FyersLogin). A person waits for the answer, so a failure is a page
// too.
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { cacheCredentials, newCache } from '../../keeper/login-memory.ts';
import { deadline, reportFailure, wiringOf } from '../wiring.ts';
import { answerLogin, methodOf, renderOutcome } from './router.ts';

const kept = newCache();

export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  // Never take the address from the event: a caller could then choose the host of the link that the function mails.
  const { log, ports, settings } = wiringOf(process.env);
  try {
    const store = cacheCredentials(ports.store, ports.clock, kept, (value) => {
      log.hide(value);
    });
    return await answerLogin({ ...ports, store }, settings, event, deadline(context), kept);
  } catch (caught) {
    const { family, code } = reportFailure(caught, log, 'login');
    return renderOutcome({ kind: 'failed', family, code }, methodOf(event));
  }
}
