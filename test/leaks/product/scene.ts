import type { CryptoKey } from 'jose';

import type { ExitName } from '../../../src/protocol/exits.ts';
import type { Browser } from '../../support/browser.ts';
import type { LogoutReceiver } from '../../support/logout-receiver.ts';
import type { VendorRecord } from '../../support/recorder.ts';
import type { TestApi } from '../../support/resource-servers.ts';
import type { World } from '../../support/world.ts';
import type { RecordedParty } from './recorded-party.ts';

/** What one vendor holds of its user. */
export interface Held {
  sub: string;
  /** When it was told that the user had logged in, in seconds. */
  authTime: number | undefined;
  idToken: string;
  accessToken: string;
  /** Pushed, and not used yet. */
  requestUri: string;
}

/** One vendor of the two, with all that is its own. */
export interface Side {
  readonly id: string;
  /** The client of most steps, with credentials that the upstream does not know. */
  readonly party: RecordedParty;
  /** Another client: JWTs throughout, an encrypted ID token, an upstream client for both vendors. */
  readonly jwtParty: RecordedParty;
  /** A client of another vendor of the same owner, before whose logins the user is told. */
  readonly noticeParty: RecordedParty;
  readonly decryptionKey: CryptoKey;
  readonly api: TestApi;
  readonly logouts: LogoutReceiver;
  readonly frontchannelLogoutUri: string;
  /** All that reaches this vendor, whichever client of it. */
  readonly record: VendorRecord;
  /** What the vendor's server gets when it plays the browser of somebody. */
  readonly screen: VendorRecord;
  readonly held: Held;
}

/** One vendor's turn in a world. */
export interface Scene {
  readonly world: World;
  readonly own: Side;
  /** The other vendor, with which this one colludes. */
  readonly theirs: Side;
  /** The user's browser, in which one session at the upstream serves both vendors. */
  readonly browser: Browser;
  readonly username: string;
  /** What nobody may find; grows with all that the upstream issues. */
  readonly secrets: Set<string>;
  /** The proxy's time. */
  readonly now: () => Date;
  /** Lets the upstream say all that it knows, again, after it was made to fail. */
  readonly letTalk: () => void;
}

/** One thing that a vendor can ask for, and the exits that the answers pass. */
export interface Step {
  readonly name: string;
  readonly exits: readonly ExitName[];
  /** Where it exists in one front channel only. */
  readonly frontChannel?: 'relay' | 'callback';
  readonly run: (scene: Scene) => Promise<void>;
}
