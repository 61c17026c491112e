import { html } from 'hono/html';

import { invalid, mustBePlain } from '../admin/read-input.ts';
import type { Mistake } from '../admin/problems.ts';
import type { Html } from './page.ts';

/** One input of a form that edits members of an entry. */
export interface Field {
  /** The member; `upstream.client_id` is one within another. */
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'secret' | 'lines' | 'select' | 'check' | 'number' | 'members';
  readonly hint?: string;
  /** Of a select; an empty one stands for the default. */
  readonly options?: readonly string[];
  readonly required?: boolean;
  /** Left out where something is changed, or where it is made. */
  readonly only?: 'creation' | 'change';
}

type Members = Readonly<Record<string, unknown>>;

/** Fields with what stands in them, and what is wrong with it. */
export function fieldViews(
  fields: readonly Field[],
  values: (name: string) => string,
  mistakes: readonly Mistake[] = [],
): readonly Html[] {
  return fields.map((field) => {
    const wrong = mistakes.filter(({ at }) => at === field.name || at.startsWith(`${field.name}[`));
    return fieldView(field, values(field.name), wrong);
  });
}

function fieldView(field: Field, value: string, mistakes: readonly Mistake[]): Html {
  const { name, label, kind, hint } = field;
  const id = `field-${name.replaceAll('.', '-')}`;
  const notes = [
    ...(hint === undefined ? [] : [`${id}-hint`]),
    ...(mistakes.length > 0 ? [`${id}-wrong`] : []),
  ];
  const described = notes.length > 0 ? html`aria-describedby="${notes.join(' ')}"` : '';
  const invalidity = mistakes.length > 0 ? html`aria-invalid="true"` : '';
  const required = field.required === true ? html`required` : '';
  const told = html`${hint === undefined ? '' : html`<span class="hint" id="${id}-hint">${hint}</span>`}
  ${
    mistakes.length === 0
      ? ''
      : html`<span class="wrong" id="${id}-wrong"
          >${mistakes.map(({ at, wrong, right }) => html`${at} ${wrong}: ${right}. `)}</span
        >`
  }`;
  if (kind === 'check') {
    return html`<p class="field check">
      <input
        type="checkbox"
        id="${id}"
        name="${name}"
        value="true"
        ${value === 'true' ? html`checked` : ''}
        ${described}
      />
      <label for="${id}">${label}</label>${told}
    </p>`;
  }
  const attributes = html`id="${id}" name="${name}" ${described} ${invalidity} ${required}`;
  return html`<p class="field">
    <label for="${id}">${label}</label>
    ${inputOf(field, value, attributes)}${told}
  </p>`;
}

function inputOf({ kind, options = [] }: Field, value: string, attributes: Html): Html {
  if (kind === 'lines' || kind === 'members') {
    return html`<textarea ${attributes} rows="3" spellcheck="false">${value}</textarea>`;
  }
  if (kind === 'select') {
    return html`<select ${attributes}>
      ${options.map(
        (option) =>
          html`<option value="${option}" ${option === value ? html`selected` : ''}>
            ${option === '' ? 'default' : option}
          </option>`,
      )}
    </select>`;
  }
  if (kind === 'number') return html`<input ${attributes} inputmode="numeric" value="${value}" />`;
  const secret =
    kind === 'secret'
      ? html`type="password" autocomplete="new-password"`
      : html`autocomplete="off"`;
  return html`<input
    ${attributes}
    ${secret}
    spellcheck="false"
    value="${kind === 'secret' ? '' : value}"
  />`;
}

/** What stands in a field where an entry has these members. */
export function shownValue(field: Field, members: Members): string {
  const value = memberAt(members, field.name);
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The members that a form gives a new entry: those that are filled in. */
export function membersOf(fields: readonly Field[], form: URLSearchParams): Members {
  return gathered(
    fields,
    form,
    (field, text) => text !== '' && !(field.kind === 'check' && text === 'false'),
  );
}

/**
 * The members that a form changes, as a merge patch (RFC 7396); an emptied field takes its
 * member away. Empty secrets, and members that are not shown, stay as they are.
 */
export function changesOf(
  fields: readonly Field[],
  form: URLSearchParams,
  before: Members,
): Members {
  return gathered(fields, form, (field, text) => {
    if (field.kind === 'secret' || field.kind === 'members') return text !== '';
    const shown = shownValue(field, before);
    return text !== (field.kind === 'check' && shown === '' ? 'false' : shown);
  });
}

function gathered(
  fields: readonly Field[],
  form: URLSearchParams,
  isMeant: (field: Field, text: string) => boolean,
): Members {
  const members: Record<string, unknown> = {};
  for (const field of fields) {
    const text = textIn(field, form);
    if (!isMeant(field, text)) continue;
    if (field.kind === 'members') Object.assign(members, furtherMembers(text));
    else place(members, field.name.split('.'), memberValue(field, text));
  }
  return members;
}

/** What somebody typed, in the spelling in which values are shown. */
function textIn({ name, kind }: Field, form: URLSearchParams): string {
  const sent = form.get(name) ?? '';
  if (kind === 'check') return String(sent === 'true');
  if (kind === 'secret') return sent;
  if (kind !== 'lines') return sent.trim();
  return sent
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');
}

function memberValue({ kind }: Field, text: string): unknown {
  if (kind === 'check') return text === 'true';
  if (kind === 'lines') return text === '' ? [] : text.split('\n');
  if (text === '') return null;
  return kind === 'number' && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function furtherMembers(text: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid([
      { at: 'members', wrong: 'is not a JSON object', right: 'write {"member": value}' },
    ]);
  }
  mustBePlain(value);
  return value as Members;
}

function place(members: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  // A block without the member that a form has of it is no block: it goes as a whole.
  if (rest.length === 0 || value === null) members[name] = value;
  else {
    const inner = (members[name] ??= {}) as Record<string, unknown>;
    place(inner, rest, value);
  }
}

function memberAt(members: Members, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Members)[name] : undefined;
  }, members);
}
