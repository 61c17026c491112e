import type { Told } from '../grants/notices.ts';
import type { Vendor } from '../vendors/client.ts';
import type { ProtocolResponse } from './message.ts';
import { OFFLINE, RELAY_EMAIL, SHARED_IDENTIFIER } from './notice-contents.ts';
import { escaped, page } from './page.ts';

/** What a page about a vendor says. */
export interface NoticePage {
  readonly vendor: Pick<Vendor, 'name' | 'contacts'>;
  readonly contents: Told;
  /** Where the form goes, and what it says beside the answer. */
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Where the answer leads in the end. */
  readonly redirectUri: string;
}

/** The page before a first login: names of claims, never a value of the user's. */
export function noticePage(notice: NoticePage): ProtocolResponse {
  const { vendor, contents, action, fields, redirectUri } = notice;
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const body =
    noticeText(vendor, contents) +
    `<form method="post" action="${escaped(action)}">${hidden.join('')}` +
    '<button name="answer" value="continue">Continue</button> ' +
    '<button name="answer" value="cancel">Cancel</button></form>';
  return page(`Before you go on to ${vendor.name}`, body, {
    'content-security-policy': policyFor(redirectUri),
  });
}

/** What is told of a vendor, as markup; a device's page shows it too. */
export function noticeText(
  { name, contacts }: NoticePage['vendor'],
  { items, policyUri }: Told,
): string {
  return (
    `<p><strong>${escaped(name)}</strong> will get from your identity provider:</p>` +
    itemList(items) +
    (policyUri === undefined
      ? ''
      : `<p><a rel="noreferrer" href="${escaped(policyUri)}">Privacy policy of ${escaped(name)}</a></p>`) +
    (contacts.length === 0 ? '' : `<p>Contact: ${contacts.map(escaped).join(', ')}</p>`)
  );
}

/** What a vendor gets, by name, as a list in markup. */
export function itemList(items: readonly string[]): string {
  const gets = [
    items.includes(SHARED_IDENTIFIER)
      ? 'The identifier that your identity provider knows you by. Other services may get the same one.'
      : 'An identifier for you that only this service gets. Other services get others, so that the ' +
        'identifier does not tell them that you are the same person.',
    ...items.filter((item) => item !== SHARED_IDENTIFIER).map(inWords),
  ];
  return `<ul>${gets.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

/**
 * Browsers hold every redirect after a form to `form-action`: ours, the vendor's,
 * and those by which the vendor goes on.
 */
function policyFor(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  const target = protocol === 'http:' ? `http://${host}` : protocol;
  return `default-src 'none'; form-action 'self' https: ${target}; frame-ancestors 'none'; base-uri 'none'`;
}

/** An item of a notice, as markup. */
function inWords(item: string): string {
  if (item === OFFLINE) return 'All this also later, while you are not there.';
  if (item === RELAY_EMAIL) return 'An e-mail address for you that only this service gets.';
  const name = item.slice(item.indexOf(':') + 1);
  const code = `<code>${escaped(name)}</code>`;
  if (item.startsWith('scope:')) return `What your identity provider gives for ${code}`;
  const meaning = MEANINGS.get(name);
  return meaning === undefined ? code : `${meaning} (${code})`;
}

/** The claims of OpenID Connect Core 2 and 5.1, for people. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['name', 'Your full name'],
  ['given_name', 'Your given name'],
  ['family_name', 'Your family name'],
  ['middle_name', 'Your middle name'],
  ['nickname', 'Your nickname'],
  ['preferred_username', 'Your user name'],
  ['profile', 'The address of your profile page'],
  ['picture', 'Your picture'],
  ['website', 'Your website'],
  ['email', 'Your e-mail address'],
  ['email_verified', 'Whether your e-mail address was verified'],
  ['gender', 'Your gender'],
  ['birthdate', 'Your date of birth'],
  ['zoneinfo', 'Your time zone'],
  ['locale', 'Your language'],
  ['phone_number', 'Your phone number'],
  ['phone_number_verified', 'Whether your phone number was verified'],
  ['address', 'Your postal address'],
  ['updated_at', 'When your data last changed'],
  ['auth_time', 'When you logged in'],
  ['acr', 'How strongly you were authenticated'],
  ['amr', 'By which means you were authenticated'],
]);
