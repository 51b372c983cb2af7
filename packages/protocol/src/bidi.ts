/** Characters that change the direction of the text around them. */

/** Unicode UAX 9, sections 2.1 to 2.6. */
const BIDI_CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/**
 * The text as it may be shown to people: with a bidi control, `invoice\u202Efdp.exe` looks like `invoiceexe.pdf` (CWE-451). The direction
 * of Arabic and Hebrew letters is their own, and stays.
 */
export const removeBidiControls = (text: string): string => text.replace(BIDI_CONTROLS, '')
