import { withBody } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Quirk } from './profiles.ts';

/*
 * A login page that is an application of its own: it talks JSON to its origin,
 * and then navigates to an address that it got in a parameter, which carries
 * another address in a parameter of its own.
 */

const PAGE = '/spa/login';
const CONTINUE = '/spa/continue';

/** Goes on to the address in the parameter. */
export const SINGLE_PAGE_LOGIN: Quirk = singlePageLogin('navigate');

/** Asks its origin where to go, and is told the address with the code in JSON. */
export const CODE_IN_JSON: Quirk = singlePageLogin('ask');

function singlePageLogin(ending: 'navigate' | 'ask'): Quirk {
  return {
    reads: (request) => {
      // A form to the provider behind the page; the page itself sends JSON. Clients register in JSON.
      if (request.url?.startsWith('/reg') === true) return;
      if (request.headers['content-type']?.startsWith('application/json') === true) {
        request.headers['content-type'] = 'application/x-www-form-urlencoded';
      }
    },
    readsForm: (text) =>
      text.startsWith('{') && !text.includes('"redirect_uris"')
        ? new URLSearchParams(JSON.parse(text) as Record<string, string>).toString()
        : text,
    serves: ({ url }, { issuer }) => {
      if (url.pathname === CONTINUE) return redirectTo(url.searchParams.get('to') ?? '', issuer);
      return url.pathname === PAGE ? page(ending) : undefined;
    },
    answers: {
      authorize: (answer, { url, headers }, { issuer }) => {
        const location = answer.headers['location'] ?? '';
        if (url.pathname === '/auth' && location.includes('/interaction/')) {
          return at(answer, pageFor(location, issuer));
        }
        const asked = headers.accept?.startsWith('application/json') === true;
        return asked && location !== '' ? asJson(answer, { location }) : answer;
      },
      login: loggedIn,
    },
  };
}

/** Nested as real ones do it: an address in an address in an address. */
function pageFor(interaction: string, issuer: string): string {
  const uid = new URL(interaction, issuer).pathname.split('/').at(-1) ?? '';
  const onward = new URL(`${issuer}${CONTINUE}`);
  onward.searchParams.set('to', `${issuer}/auth/${uid}`);
  const target = new URL(`${issuer}${PAGE}`);
  target.searchParams.set('interaction', uid);
  target.searchParams.set('callback_url', onward.href);
  return target.href;
}

function loggedIn(answer: Answer): Answer {
  const done = answer.status >= 300 && answer.status < 400;
  return asJson({ ...answer, status: done ? 200 : 401 }, { ok: done });
}

function redirectTo(to: string, issuer: string): Answer {
  // As careful as the real one: an address that is not its own is no continuation.
  if (!to.startsWith(`${issuer}/`)) {
    return { status: 400, headers: { 'content-type': 'text/plain' }, body: Buffer.from('no') };
  }
  return { status: 302, headers: { location: to }, body: Buffer.from('') };
}

function page(ending: 'navigate' | 'ask'): Answer {
  const body = `<!doctype html>
<html><head><title>Legacy login</title></head>
<body data-ending="${ending}">
<form id="login" onsubmit="return false">
<input name="username"><input name="password" type="password"><button>Log in</button>
</form>
<script>
const wanted = new URLSearchParams(location.search);
document.getElementById('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  const uid = wanted.get('interaction');
  const sent = await fetch('/interaction/' + uid + '/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  if (!(await sent.json()).ok) return;
  if (document.body.dataset.ending === 'navigate') {
    location.href = wanted.get('callback_url');
    return;
  }
  const asked = await fetch('/auth/' + uid, { headers: { accept: 'application/json' } });
  location.href = (await asked.json()).location;
});
</script>
</body></html>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: Buffer.from(body),
  };
}

function at(answer: Answer, location: string): Answer {
  return { ...answer, headers: { ...withBody(answer, '').headers, location } };
}

function asJson(answer: Answer, value: unknown): Answer {
  const headers = { ...withBody(answer, '').headers };
  delete headers['location'];
  return {
    status: answer.status < 400 ? 200 : answer.status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
