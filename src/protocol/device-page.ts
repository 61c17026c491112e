import type { ProtocolResponse } from './message.ts';
import { escaped, page } from './page.ts';

/** Asks for the code that a device shows (RFC 8628 3.3). */
export function codeForm(action: string, problem: string): ProtocolResponse {
  return page(
    'Connect a device',
    `<p role="alert">${escaped(problem)}</p>` +
      `<form method="get" action="${escaped(action)}"><label>Code on the device ` +
      '<input name="user_code" autocomplete="off" autocapitalize="characters" required></label> ' +
      '<button>Go on</button></form>',
  );
}

/** What the person is told before they leave for the identity provider. */
export interface Departure {
  readonly userCode: string;
  readonly clientName: string;
  /** What the vendor will get, as markup; empty where nothing is said of it. */
  readonly notice: string;
  /** Of the identity provider, as the browser reaches it. */
  readonly address: string;
  readonly upstreamUserCode: string;
  /** Whether the identity provider asks for its code. */
  readonly asked: boolean;
}

/**
 * RFC 8628 3.3.1, 5.4: the person compares the code before anything is granted,
 * since it may have come from somebody else's device. The identity provider
 * shows a code of its own, which they are told here.
 */
export function departurePage(departure: Departure): ProtocolResponse {
  const { userCode, clientName, notice, address, upstreamUserCode, asked } = departure;
  const theirs = `<strong>${escaped(upstreamUserCode)}</strong>`;
  return page(
    'Connect a device',
    `<p>Go on only if a device of yours, which you want to connect to ` +
      `<strong>${escaped(clientName)}</strong>, shows the code ` +
      `<strong>${escaped(userCode)}</strong>.</p>${notice}` +
      `<p>${asked ? 'On the next page, enter the code' : 'The next page may show the code'} ${theirs}.</p>` +
      `<p><a rel="noreferrer" href="${escaped(address)}">Go on</a></p>`,
  );
}
