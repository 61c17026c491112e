import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';

import { openApiDocument } from '../../../src/admin/openapi.ts';
import { PROBLEMS } from '../../../src/admin/problems.ts';
import { ROUTES } from '../../../src/admin/routes.ts';

const document = openApiDocument(ROUTES);

async function lint(source: object): Promise<readonly string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const found = await lintFromString({ source: JSON.stringify(source), config });
  return found.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

test('the document passes a linter by its strict rules, which sees what is wrong', async () => {
  expect(await lint(document)).toEqual([]);
  expect(await lint({ ...document, components: {} })).not.toEqual([]);
});

test('no two operations have one name, or one address and method', () => {
  const ids = ROUTES.map(({ id }) => id);
  const places = ROUTES.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '*')}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(places).size).toBe(places.length);
});

test('whatever changes something needs a scope that says so, and looking needs none of those', () => {
  for (const { id, method, scope } of ROUTES) {
    if (method !== 'get') expect(['operate', 'privacy'], id).toContain(scope);
    else expect(['read', undefined], id).toContain(scope);
  }
});

test('every post but a mere question can be sent twice under one key', () => {
  const questions = ['lookUpSubject', 'listSubject', 'exportSubject', 'exportMapping'];
  for (const { id, method, repeats } of ROUTES) {
    if (method !== 'post') continue;
    expect(repeats === undefined, id).toBe(questions.includes(id));
  }
});

test('what is named by a user is never part of an address', () => {
  for (const { path, query } of ROUTES) {
    expect(path).not.toMatch(/\{(?:user|sub|local_subject)\}/);
    const names = Object.keys(query?.shape ?? {});
    expect(names).not.toEqual(expect.arrayContaining(['user']));
  }
});

test('every code of a problem has one status, as HTTP has it', () => {
  for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(title, code).toMatch(/\.$/);
  }
});
