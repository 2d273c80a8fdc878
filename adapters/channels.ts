// Sends a message through every configured channel. Apart from `aws/topic.ts`, so that the SNS client is loaded on use only.
import { FyersError, toError } from '../core/errors.ts';
import type { Notifier } from '../core/ports.ts';

/**
 * A message counts as sent if one channel accepts it; `onProblem` is called for each failed
 * channel.
 *
 * @throws FyersError `platform.message` with every channel's problem if all fail
 */
export function allChannels(
  channels: readonly Notifier[],
  onProblem: (problem: string) => void,
): Notifier {
  return {
    async send(message) {
      const results = await Promise.allSettled(channels.map((channel) => channel.send(message)));
      const problems = results.flatMap((result) =>
        result.status === 'rejected' ? [toError(result.reason).message] : [],
      );
      if (problems.length < channels.length) {
        for (const problem of problems) onProblem(problem);
        return;
      }
      throw new FyersError(
        'platform.message',
        `No channel accepted the message "${message.subject}". ${problems.join(' ')}`,
        'Run `./fyers test-alert`.',
      );
    },
    async hasListener() {
      const heard = await Promise.all(channels.map((channel) => channel.hasListener()));
      return heard.includes(true);
    },
  };
}
