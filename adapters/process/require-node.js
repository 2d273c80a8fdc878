// Checks the version of Node. Plain JavaScript, so that an old Node can run it and report the problem
// instead of failing on the first `.ts` file.

const OLDEST = { major: 22, minor: 18 };

/**
 * @param {string} version as in `process.versions.node`
 * @returns {{ problem: string, nextStep: string } | null} a line each, or null if TypeScript runs without a flag
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return null;
  const oldest = `${String(OLDEST.major)}.${String(OLDEST.minor)}`;
  return {
    problem: `Node ${version} is too old: ${oldest} or newer is needed.`,
    nextStep: 'Run `npm ci`, then `export PATH="$PWD/node_modules/.bin:$PATH"`, and try again.',
  };
}
