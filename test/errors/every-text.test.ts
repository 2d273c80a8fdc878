// Checks the texts in the source code of errors that no provocation reaches.
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from '../support/source-tree.ts';
import { hasStep } from './outcomes.ts';

const CODE = /^(?:operator|broker|platform|bug)\.[a-z-]+$/;

/**
 * Returns each alternative of an expression as its literal text; null if the text comes from
 * elsewhere.
 */
function findTexts(node: ts.Expression, file: ts.SourceFile): readonly (string | null)[] {
  if (ts.isConditionalExpression(node)) {
    return [...findTexts(node.whenTrue, file), ...findTexts(node.whenFalse, file)];
  }
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.map(({ literal }) => `…${literal.text}`);
    return [node.head.text + parts.join('')];
  }
  if (ts.isIdentifier(node)) {
    const named = findDeclarations(file).find(({ name }) => name.getText(file) === node.text);
    if (named?.initializer !== undefined) return findTexts(named.initializer, file);
  }
  return [null];
}

function findDeclarations(file: ts.SourceFile): readonly ts.VariableDeclaration[] {
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

/**
 * Returns the third argument of every error, and each value of a table from codes to next steps.
 */
function findNextSteps({ file: name, text }: Pick<SourceFile, 'file' | 'text'>): readonly string[] {
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
    steps.push(...findTexts(step, file).filter((each) => each !== null));
  });
  return steps;
}

describe('Every next step in the code', () => {
  test('names a command to run or a console to open', () => {
    const files = sourceFiles().filter(({ file }) => !/^(?:test|sandbox|bench)\//.test(file));
    const steps = files.flatMap((each) =>
      findNextSteps(each).map((step) => `${each.file}: ${step}`),
    );
    expect(steps.length).toBeGreaterThan(80);
    expect(steps.filter((step) => !hasStep(step))).toEqual([]);
  });

  test.each([
    ["new FyersError('operator.usage', 'No.', 'Try again.')", ['Try again.']],
    ["const S = 'Try.'; new FyersError('operator.usage', 'No.', S)", ['Try.']],
    ["new FyersError('operator.usage', 'No.', a ? 'Try.' : `Run ${b}.`)", ['Try.', 'Run ….']],
    ["const NEXT = { 'platform.busy': 'Wait.' }", ['Wait.']],
  ])('is found in %s', (text, steps) => {
    expect(findNextSteps({ file: 'x.ts', text })).toEqual(steps);
  });
});
