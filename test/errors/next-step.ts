// Recognises a next step: a command that can be copied, or a place in a console.

const COMMAND = /`(?:\.\/fyers|pulumi|aws|npm|rm|ls|lsof|df|chmod|unset)\b[^`]*`/;
const CONSOLE = /https:\/\/\S+|→/;

export function hasStep(text: string): boolean {
  return COMMAND.test(text) || CONSOLE.test(text);
}
