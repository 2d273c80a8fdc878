// The errors that no provocation reaches: their texts as they stand in the code.
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from '../support/source-tree.ts';
import { hasStep } from './next-step.ts';

const CODE = /^(?:operator|broker|platform|bug)\.[a-z-]+$/;

/** Each alternative of an expression as its literal text; null where it comes from elsewhere. */
function textsOf(node: ts.Expression, file: ts.SourceFile): readonly (string | null)[] {
  if (ts.isConditionalExpression(node)) {
    return [...textsOf(node.whenTrue, file), ...textsOf(node.whenFalse, file)];
  }
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.map(({ literal }) => `…${literal.text}`);
    return [node.head.text + parts.join('')];
  }
  if (ts.isIdentifier(node)) {
    const named = declarationsIn(file).find(({ name }) => name.getText(file) === node.text);
    if (named?.initializer !== undefined) return textsOf(named.initializer, file);
  }
  return [null];
}

function declarationsIn(file: ts.SourceFile): readonly ts.VariableDeclaration[] {
  const found: ts.VariableDeclaration[] = [];
  walk(file, (node) => {
    if (ts.isVariableDeclaration(node)) found.push(node);
  });
  return found;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => {
    walk(child, visit);
  });
}

/** The third argument of every error, and what stands for a code in a table of next steps. */
function nextStepsIn({ file: name, text }: Pick<SourceFile, 'file' | 'text'>): readonly string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const steps: string[] = [];
  walk(file, (node) => {
    const error = ts.isNewExpression(node) && node.expression.getText(file) === 'FyersError';
    const entry = ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name);
    const step = error
      ? node.arguments?.[2]
      : entry && CODE.test(node.name.text)
        ? node.initializer
        : undefined;
    if (step === undefined) return;
    steps.push(...textsOf(step, file).filter((each) => each !== null));
  });
  return steps;
}

describe('Every next step in the code', () => {
  test('has a command to run or a console to open', () => {
    const files = sourceFiles().filter(({ file }) => !/^(?:test|sandbox|bench)\//.test(file));
    const steps = files.flatMap((each) => nextStepsIn(each).map((step) => `${each.file}: ${step}`));
    expect(steps.length).toBeGreaterThan(80);
    expect(steps.filter((step) => !hasStep(step))).toEqual([]);
  });

  test.each([
    ["new FyersError('operator.usage', 'No.', 'Try again.')", ['Try again.']],
    ["const S = 'Try.'; new FyersError('operator.usage', 'No.', S)", ['Try.']],
    ["new FyersError('operator.usage', 'No.', a ? 'Try.' : `Run ${b}.`)", ['Try.', 'Run ….']],
    ["const NEXT = { 'platform.busy': 'Wait.' }", ['Wait.']],
  ])('is found in %s', (text, steps) => {
    expect(nextStepsIn({ file: 'x.ts', text })).toEqual(steps);
  });
});
