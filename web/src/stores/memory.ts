/**
 * What this browser remembers between visits: language, name, sound. Words in, words out; a browser
 * that refuses storage simply forgets.
 */
const PREFIX = 'fenceline.'

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key)
  } catch {
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value)
  } catch {
    // A private window may refuse; the choice then lasts until the page is closed.
  }
}
