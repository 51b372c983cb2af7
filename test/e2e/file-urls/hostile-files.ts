/** Files that would run script if the browser took them for what they are, and the types that their senders declare. */

/** Reports in every way that is left to a script. */
const script = (name: string, reportUrl: string): string =>
  [
    `try{top.postMessage("${name}","*")}catch{}`,
    `try{opener.postMessage("${name}","*")}catch{}`,
    `try{new BroadcastChannel("ran").postMessage("${name}")}catch{}`,
    `try{fetch("${reportUrl}${name}",{mode:"no-cors"})}catch{}`,
    `try{new Image().src="${reportUrl}${name}"}catch{}`,
    `try{postMessage("${name}")}catch{}`,
  ].join(';')

const html = (code: string) => `<!doctype html><title>x</title><body onload='${code}'><script>${code}</script></body>`

const svg = (code: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload='${code}'><script><![CDATA[${code}]]></script><rect width="9" height="9"/></svg>`

const xslt = (code: string) => `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#sheet"?>
<!DOCTYPE doc [<!ATTLIST xsl:stylesheet id ID #REQUIRED>]>
<doc><xsl:stylesheet id="sheet" version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><html><body><script>${code.replaceAll('&', '&amp;')}</script></body></html></xsl:template>
</xsl:stylesheet></doc>`

const pdf = (code: string) => `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(${code.replaceAll(/[()\\]/g, '\\$&')})>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`

const mhtml = (code: string) =>
  `MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"; type="text/html"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Location: http://x.test/\r\n\r\n${html(code)}\r\n--b--\r\n`

const xhtml = (code: string) => `<html xmlns="http://www.w3.org/1999/xhtml"><script><![CDATA[${code}]]></script></html>`

/** By what each is, and the type that is declared for it. */
const FILES: readonly (readonly [what: string, type: string, text: (code: string) => string])[] = [
  ['html', 'text/html', html],
  ['html-with-charset', 'text/html;charset=utf-7', html],
  ['html-as-nothing', '', html],
  ['html-as-text', 'text/plain', html],
  ['html-as-png', 'image/png', html],
  ['html-as-pdf', 'application/pdf', html],
  ['html-as-video', 'video/mp4', html],
  ['html-as-unknown', 'x-unknown/x', html],
  ['xhtml', 'application/xhtml+xml', xhtml],
  ['svg', 'image/svg+xml', svg],
  ['svg-with-parameter', 'image/svg+xml; a', svg],
  ['svg-as-png', 'image/png', svg],
  ['xslt', 'text/xml', xslt],
  ['pdf', 'application/pdf', pdf],
  ['pdf-that-is-html', 'application/pdf', (code) => `%PDF-1.4\n${html(code)}`],
  ['swf', 'application/x-shockwave-flash', (code) => `FWS\u0006\u0000\u0000\u0000\u0000javascript:${code}`],
  ['mhtml', 'multipart/related', mhtml],
  ['mhtml-as-message', 'message/rfc822', mhtml],
  ['js', 'text/javascript', (code) => code],
  ['js-as-png', 'image/png', (code) => code],
  ['js-as-text', 'text/plain', (code) => code],
  ['gif-that-is-js', 'image/gif', (code) => `GIF89a=1;${code}`],
  ['gif-that-is-html', 'image/gif', (code) => `GIF89a${html(code)}`],
  ['css', 'text/css', (code) => `body{background:url('javascript:${code.replaceAll("'", '')}')}`],
  ['vtt-that-is-js', 'text/vtt', (code) => `WEBVTT=1;${code}`],
]

export interface HostileFile {
  readonly what: string
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A document whose script reports `name`. */
export const hostileHtml = (name: string, reportUrl: string): string => html(script(name, reportUrl))

/** @param reportUrl where a script that runs reports, before its name */
export const hostileFiles = (reportUrl: string): readonly HostileFile[] =>
  FILES.map(([what, type, text]) => ({
    what,
    type,
    bytes: new TextEncoder().encode(text(script(what, reportUrl))),
  }))
