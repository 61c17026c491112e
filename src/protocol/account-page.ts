import type { Vendor } from '../vendors/client.ts';
import type { ProtocolResponse } from './message.ts';
import { itemList } from './notice-page.ts';
import { escaped, page } from './page.ts';

/** A vendor that knows the user, as the user is told of it. */
export interface ShownVendor {
  readonly vendor: Pick<Vendor, 'id' | 'name' | 'contacts' | 'policyUri' | 'disconnect'>;
  readonly since: Date;
  readonly lastUsed: Date | undefined;
  /** Names of other vendors that know the user by the same identifier. */
  readonly sharedWith: readonly string[];
  /** Its applications, and what each gets, in the words of `notice-contents.ts`. */
  readonly clients: readonly { readonly name: string; readonly items: readonly string[] }[];
}

/**
 * No script, nothing from elsewhere, in no frame. A form posts its origin only
 * where the page may say where it came from, so referrers go to ourselves.
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

/** For somebody who has not logged in, or whose session is over. */
export function welcomePage(issuer: string): ProtocolResponse {
  return accountPage(
    issuer,
    'Your data and applications',
    '<p>See which applications know you, what each of them gets, and end what you no longer want.</p>' +
      '<p>You are asked to log in anew, and you stay logged in here for ten minutes.</p>' +
      `<p><a class="action" href="${escaped(issuer)}/account/login">Log in</a></p>`,
  );
}

/** The vendors that know the user. It holds no subject and no value of the user's. */
export function overviewPage(
  issuer: string,
  vendors: readonly ShownVendor[],
  formToken: string,
): ProtocolResponse {
  const listed =
    vendors.length === 0
      ? '<p>No application knows you so far.</p>'
      : vendors.map((shown) => vendorText(issuer, shown)).join('');
  return accountPage(
    issuer,
    'Your data and applications',
    '<p>These know you through your identity provider, each by an identifier of its own unless it says otherwise.</p>' +
      listed +
      '<section><h2>All that is held on you</h2>' +
      '<p>A file for machines to read, with the identifiers that you have at each application. ' +
      'Keep it to yourself: with it, applications could find out that you are the same person.</p>' +
      form(`${issuer}/account/download`, { token: formToken }, 'Download') +
      '</section>' +
      form(`${issuer}/account/logout`, { token: formToken }, 'Log out'),
  );
}

/** What a disconnection means, and the button that does it. */
export function confirmPage(
  issuer: string,
  { vendor }: ShownVendor,
  formToken: string,
): ProtocolResponse {
  const after =
    vendor.disconnect === 'same_subject'
      ? 'If you log in there again, it will know you by the same identifier as before.'
      : 'If you log in there again, it will know you by another identifier, and may not find what you had there before.';
  return accountPage(
    issuer,
    `Disconnect ${vendor.name}?`,
    `<p>${escaped(vendor.name)} will get nothing more of you within seconds, and what is held here on you for it ends. ${after}</p>` +
      '<p>What it has stored itself it keeps: ask its contacts to erase that.</p>' +
      contactText(vendor) +
      form(
        `${issuer}/account/disconnect`,
        { vendor: vendor.id, token: formToken },
        `Disconnect ${vendor.name}`,
      ) +
      back(issuer),
  );
}

/** It is done. */
export function disconnectedPage(
  issuer: string,
  name: string,
  subject: 'new' | 'same',
): ProtocolResponse {
  const after =
    subject === 'new'
      ? 'If you log in there again, it will know you by another identifier.'
      : 'If you log in there again, it will know you by the same identifier.';
  return accountPage(
    issuer,
    `${name} is disconnected`,
    `<p role="status">It gets nothing more of you. ${after}</p>${back(issuer)}`,
  );
}

function vendorText(
  issuer: string,
  { vendor, since, lastUsed, sharedWith, clients }: ShownVendor,
): string {
  const { name } = vendor;
  const address = `${issuer}/account/disconnect?vendor=${encodeURIComponent(vendor.id)}`;
  const times = [
    `<div><dt>Since</dt><dd>${day(since)}</dd></div>`,
    lastUsed && `<div><dt>Last used</dt><dd>${day(lastUsed)}</dd></div>`,
  ];
  return (
    `<section><h2>${escaped(name)}</h2><dl>${times.filter(Boolean).join('')}</dl>` +
    (sharedWith.length === 0
      ? ''
      : `<p>It knows you by the same identifier as ${sharedWith.map(escaped).join(', ')}: they can tell that you are the same person.</p>`) +
    clients
      .map((client) => `<h3>What ${escaped(client.name)} gets</h3>${itemList(client.items)}`)
      .join('') +
    contactText(vendor) +
    (vendor.disconnect === 'forbidden'
      ? '<p>It cannot be disconnected here.</p>'
      : `<p><a class="action" href="${escaped(address)}">Disconnect ${escaped(name)}…</a></p>`) +
    '</section>'
  );
}

function contactText({ name, contacts, policyUri }: ShownVendor['vendor']): string {
  return (
    (contacts.length === 0 ? '' : `<p>Contact: ${contacts.map(escaped).join(', ')}</p>`) +
    (policyUri === undefined
      ? ''
      : `<p><a rel="noreferrer" href="${escaped(policyUri)}">Privacy policy of ${escaped(name)}</a></p>`)
  );
}

function day(date: Date): string {
  const text = date.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return `<time datetime="${date.toISOString().slice(0, 10)}">${text}</time>`;
}

function form(action: string, fields: Readonly<Record<string, string>>, label: string): string {
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
  );
  return (
    `<form method="post" action="${escaped(action)}">${hidden.join('')}` +
    `<button>${escaped(label)}</button></form>`
  );
}

function back(issuer: string): string {
  return `<p><a href="${escaped(issuer)}/account">Back to your applications</a></p>`;
}

function accountPage(issuer: string, title: string, body: string): ProtocolResponse {
  return page(title, body, HEADERS, `${issuer}/account/style.css`);
}
