import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';
import type { DatabaseLocation } from './types.ts';

const FORMS = 'write sqlite:PATH or mysql://user:password@host:3306/database';

/** `sqlite:PATH` or `mysql://user:password@host:port/database` (MariaDB too). */
export function databaseLocation(text: string): Reading<DatabaseLocation> {
  if (/\p{Cc}/u.test(text) || text.trim() !== text) {
    return unreadable('has white space around it or a control character', FORMS);
  }
  if (text.startsWith('sqlite:')) return sqliteLocation(text.slice('sqlite:'.length));
  if (text.startsWith('mysql://')) return mysqlLocation(text);
  if (text.startsWith('mariadb:')) {
    return unreadable('begins with mariadb:', 'write mysql:// for MariaDB too');
  }
  return unreadable('names no known kind of database', FORMS);
}

function sqliteLocation(path: string): Reading<DatabaseLocation> {
  if (path === ':memory:' || path.startsWith('file:')) {
    return unreadable(
      'does not name a file',
      'write the path of a file; a mapping kept in memory is lost at every start',
    );
  }
  if (path === '' || path.endsWith('/') || /^\/\/(?!\/)/.test(path)) {
    return unreadable(
      'does not name a file',
      'write sqlite:data/pairwise.sqlite or sqlite:/var/lib/pairwise/pairwise.sqlite',
    );
  }
  return read({ dialect: 'sqlite', file: path });
}

function mysqlLocation(text: string): Reading<DatabaseLocation> {
  const url = URL.parse(text);
  if (url === null || !isDecodable(url.username) || !isDecodable(url.password)) {
    return unreadable(
      'is not a URL',
      `${FORMS}; percent-encode special characters of the password (% is %25, # is %23, @ is %40)`,
    );
  }
  if (url.hostname === '') return unreadable('names no host', FORMS);
  if (url.username === '') return unreadable('names no user', FORMS);
  if (!/^\/[^/]+$/.test(url.pathname)) return unreadable('names no database', FORMS);
  if (url.hash !== '') {
    return unreadable('has a fragment', `${FORMS}; a "#" of the password is written %23`);
  }
  return read({ dialect: 'mysql', url: text });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
