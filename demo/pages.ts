const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that may stand in a page as it is; only {@link html} makes it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

function escaped(value: string | Html): string {
  if (value instanceof Html) return value.markup;
  return value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A template: text put into it is escaped, markup stays as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map((value) => escaped(value))));
}

/** Several pieces of markup, one after the other. */
export function together(pieces: readonly Html[]): Html {
  return new Html(pieces.map((piece) => piece.markup).join(''));
}

/** A whole page. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          body {
            font: 1rem/1.5 system-ui;
            margin: 3rem auto;
            max-width: 40rem;
            padding: 0 1rem;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`.markup;
}
