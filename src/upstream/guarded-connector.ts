import { lookup as systemLookup } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** Decides which addresses may be connected to. */
export interface ConnectionGuard {
  /** Whether this address may be connected to where an origin was asked for. */
  readonly admits: (address: string, origin: string) => boolean;
  /** How host names are resolved. Default: as the system does. */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * Connects to admitted addresses only. A host name is judged by the addresses
 * that this very connection resolves it to, and once more by the one that it
 * reached, so that a name that resolves differently each time gains nothing.
 */
export function guardedConnector(
  guard: ConnectionGuard,
  timeoutMilliseconds: number,
): buildConnector.connector {
  return (options, callback) => {
    const origin = originOf(options);
    const admits = (address: string): boolean => guard.admits(address, origin);
    if (isIP(options.hostname) !== 0 && !admits(options.hostname)) {
      callback(new AddressRefused(), null);
      return;
    }
    const connect = buildConnector({
      timeout: timeoutMilliseconds,
      allowH2: false,
      lookup: guardedLookup(guard.lookup ?? systemLookup, admits),
    });
    connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      if (error !== null) {
        callback(error, null);
      } else if (socket.remoteAddress === undefined || !admits(socket.remoteAddress)) {
        socket.destroy();
        callback(new AddressRefused(), null);
      } else callback(null, socket);
    });
  };
}

/** An address that nothing may be sent to; never says which one it was. */
class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('The address must not be connected to.');
  }
}

/** All addresses of a name, or an error if one of them is not admitted. */
function guardedLookup(
  lookup: LookupFunction,
  admits: (address: string) => boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const addresses = typeof found === 'string' ? [] : found;
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => admits(address))) {
        callback(new AddressRefused(), '');
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function originOf({ protocol, hostname, port }: buildConnector.Options): string {
  const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
  return new URL(`${protocol}//${host}${port === '' ? '' : `:${port}`}`).origin;
}
